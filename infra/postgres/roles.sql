-- The platform's roles and schemas in one database, run by psql as the superuser; running it again changes nothing.
--   matrix_owner      owns every schema and table: migrations and operators work as it
--   matrix_<owner>    what a service or the gateway works as: its own schema, rows only, nothing of another's
-- Passwords come from files in the folder $SECRETS, never from the command line.
\set ON_ERROR_STOP on
set client_min_messages = warning;

\set owner_password `cat "$SECRETS/postgres_owner"`
\set content_password `cat "$SECRETS/postgres_content"`
\set review_password `cat "$SECRETS/postgres_review"`
\set media_password `cat "$SECRETS/postgres_media"`
\set training_password `cat "$SECRETS/postgres_training"`
\set metrics_password `cat "$SECRETS/postgres_metrics"`
\set gateway_password `cat "$SECRETS/postgres_gateway"`

begin;

-- Two databases of one server may be prepared at once.
select pg_advisory_xact_lock(7062021);

create temporary table role on commit drop as
select 'matrix_' || name as role, name as owner, password
from (values ('owner', :'owner_password'), ('content', :'content_password'), ('review', :'review_password'),
  ('media', :'media_password'), ('training', :'training_password'), ('metrics', :'metrics_password'),
  ('gateway', :'gateway_password')) as given (name, password);

select format('create role %I nosuperuser nocreatedb nocreaterole noinherit', role)
from role where role not in (select rolname from pg_roles)
\gexec
select format('alter role %I login password %L', role, password) from role
\gexec

select format('revoke all on database %I from public', current_database())
\gexec
select format('grant connect on database %I to %I', current_database(), role) from role
\gexec
revoke all on schema public from public;

select format('create schema if not exists %I authorization matrix_owner', owner) from role where owner <> 'owner'
\gexec
select format('grant usage on schema %I to %I', owner, role) from role where owner <> 'owner'
\gexec
select format('alter role %I set search_path = %I', role, owner) from role where owner <> 'owner'
\gexec
-- Who hangs in an open append holds up every reader of the log. The owner rebuilds, which may take its time.
select format('alter role %I set idle_in_transaction_session_timeout = %L', role, '15s') from role where owner <> 'owner'
\gexec
select format('alter role %I set lock_timeout = %L', role, '10s') from role where owner <> 'owner'
\gexec
-- Whoever asked has given up long before; what a question costs the database has an end all the same.
select format('alter role %I set statement_timeout = %L', role, '60s') from role where owner <> 'owner'
\gexec

-- Rows of every table that a migration makes, and its counters; a log's migration takes writing ``event`` away again.
select format('alter default privileges for role matrix_owner in schema %I grant select, insert, update, delete on tables to %I',
  owner, role) from role where owner <> 'owner'
\gexec
select format('alter default privileges for role matrix_owner in schema %I grant usage, select on sequences to %I',
  owner, role) from role where owner <> 'owner'
\gexec
alter default privileges for role matrix_owner revoke execute on functions from public;

commit;
