-- A user's last turn is looked up without "turn is not null", so that this index is the only one that answers: beside
-- a flood that was not analyzed yet, the planner would walk outbox_ready_turn_idx through all the others' rows.
drop index tenon.outbox_ready_owner_idx;
create index outbox_ready_owner_idx on tenon.outbox_ready (lane, rank, owner, turn desc nulls last);
