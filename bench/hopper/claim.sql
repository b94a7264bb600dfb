select record_key from dist.claim('fresh', 'rep ' || :client_id);
