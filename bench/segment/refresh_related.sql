select dist.refresh_segment('related');
