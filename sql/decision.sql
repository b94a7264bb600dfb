-- What a run was asked and could not be asked again of tables that go on changing: who was there, what each held and might
-- still take, which records each might have. dist.replay asks it again.

create table dist.decision (
    run_id     bigint not null,
    step       integer not null,
    transfer   text not null,
    object     text not null,
    records    integer not null,
    seq_before integer not null,
    moved      integer not null,
    reasons    jsonb not null,
    reps       text[] not null,
    distribution_rules text[] not null,
    methods    text[] not null,
    asked      json not null,
    leaves     integer[],
    owned      integer[],
    classes    integer[],
    "values"   bigint[],
    hashes     bigint[],
    previous   integer[],
    segments   bigint[],
    matched    integer[],
    primary key (run_id, step)
);
comment on table dist.decision is 'History: what decided about the records of each transfer of a run; see dist.replay';
comment on column dist.decision.run_id is 'dist.run.id';
comment on column dist.decision.step is 'Which transfer of the run, from 1';
comment on column dist.decision.transfer is 'The transfer';
comment on column dist.decision.object is 'Its object';
comment on column dist.decision.records is 'How many records were looked at';
comment on column dist.decision.seq_before is 'How many records the run''s transfers before this one moved';
comment on column dist.decision.moved is 'How many records moved';
comment on column dist.decision.reasons is 'reason -> number of records left for it';
comment on column dist.decision.reps is 'The dictionary of reps: asked and the arrays say 0 for its first';
comment on column dist.decision.distribution_rules is 'The pools, as asked numbers them from 0; null where no record could come to it';
comment on column dist.decision.methods is
    'How each of them gave its records out: in_order (one at a time), shares (restricted eligibility: everybody his share in each kind and in total), levels (the most placed, then the least loads), greedy_as_large and greedy_as_crossing (without these promises, for there were more cells than exact_cells, or caps of crossing groups)';
comment on column dist.decision.asked is
    'Destinations, pools (strategy, members with weight, presence, load and target, deficits), caps and kinds of records';
comment on column dist.decision.leaves is 'By record in rank order, which of the destinations it reached; null = the first';
comment on column dist.decision.owned is 'By record, its owner in reps, -1 for nobody, -2 for somebody else; null = nobody';
comment on column dist.decision.classes is 'By record, its kind; null = all alike';
comment on column dist.decision."values" is 'By record, its value in millionths';
comment on column dist.decision.hashes is 'By record, a hash of its key';
comment on column dist.decision.previous is 'By record, who had it before, in reps';
comment on column dist.decision.matched is 'By record, the rep who owns what it matches, in reps, and is there; below zero for nobody';
comment on column dist.decision.segments is 'By record, the place of its segment of books among those of its object, from 0, -1 for none';
