select dist.refresh_segment('uuids');
