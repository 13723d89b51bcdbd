"""Which service: what is configured, how healthy each is, and who could make an order. Pure; the rows are `store`'s."""
