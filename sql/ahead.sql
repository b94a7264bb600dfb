-- Looking ahead: what all schedules together are going to do, and whose data says when.

create function dist._tz_version() returns text
    language c immutable parallel safe
    as 'MODULE_PATHNAME', 'tz_version_wrapper';
comment on function dist._tz_version() is 'Internal: version of the IANA time zone data that next runs are derived with, such as 2025b';
