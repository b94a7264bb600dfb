select dist.refresh_segment('simple');
