select dist.run_now('not_kept');
