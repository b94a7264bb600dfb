select record_key from dist.claim('limited', 'rep ' || :client_id);
