"""What videos cost and who may spend how much: limits and ledger, both pure. The rows are `store`'s."""
