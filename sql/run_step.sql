-- What the steps of a run did, where dist.run does not say it all.

create table dist.run_step (
    run_id      bigint not null,
    position    integer not null,
    action      text not null,
    target      text not null,
    candidates  bigint,
    assigned    bigint,
    rows        bigint,
    result      text,
    started_at  timestamptz not null,
    finished_at timestamptz not null,
    primary key (run_id, position)
);
comment on table dist.run_step is
    'History: each step of a run that had several steps, or one that is no transfer; of a single transfer dist.run says it all';
comment on column dist.run_step.run_id is 'dist.run.id';
comment on column dist.run_step.position is 'dist.step.position';
comment on column dist.run_step.action is 'As dist.step.action';
comment on column dist.run_step.target is 'The transfer, the function with its argument types, or the segment';
comment on column dist.run_step.candidates is 'Transfer: records that were looked at';
comment on column dist.run_step.assigned is 'Transfer: records that moved';
comment on column dist.run_step.rows is 'Function that returns a set: how many rows; action on a segment: how many records it touched';
comment on column dist.run_step.result is
    'Function: what it returned, as text, the first 1000 characters; of a procedure its OUT argument, or the row of several';
comment on column dist.run_step.started_at is 'When the step started';
comment on column dist.run_step.finished_at is 'When the step had finished';
