-- What somebody bought since a moment, asked while he waits for it: as cheap with a million rows of spending as with ten.
create index credit_ledger_purchases_idx on public.credit_ledger (user_id, created_at) where type = 'purchase';
