select dist.run_now('kept');
