alter table identity.users
  add column email_verified_at timestamptz,
  add column avatar            text,
  add column preferences       jsonb not null default '{}' check (jsonb_typeof(preferences) = 'object'),
  add column is_anonymous      boolean not null default false,
  add column revision          integer not null default 1;

-- Whatever changes an account makes another revision of it: clients compare it before they overwrite (ETag, If-Match).
create function identity.next_revision() returns trigger language plpgsql as $$
begin
  new.revision := old.revision + 1;
  new.updated_at := now();
  return new;
end $$;
create trigger users_next_revision before update on identity.users
  for each row when (old.* is distinct from new.*) execute function identity.next_revision();

-- How the session was opened (password, spotify, oidc:<name>) and from where: shown to its owner.
alter table identity.sessions
  add column method  text not null default 'password',
  add column address text;
create index sessions_by_living on identity.sessions (user_id, used_at desc) where ended_at is null;

-- Only hashes: a key is shown once. `hint` is its beginning, by which its owner knows it again.
create table identity.api_keys (
  id         uuid primary key,
  user_id    uuid not null references identity.users on delete cascade,
  name       text not null check (length(name) between 1 and 80),
  hint       text not null,
  hash       bytea not null unique,
  scopes     text[] not null check (cardinality(scopes) > 0 and scopes <@ array['read', 'write', 'admin']),
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  used_at    timestamptz
);
create index api_keys_by_user on identity.api_keys (user_id, created_at desc);

-- Who an account is elsewhere. A person is (issuer, subject), whatever the provider is called here: spotify, oidc:<name>
-- or bearer. Tokens are sealed; `renewing_until` is the lease of the one process that renews them.
create table identity.identities (
  id             uuid primary key,
  user_id        uuid not null references identity.users on delete cascade,
  provider       text not null,
  issuer         text not null,
  subject        text not null,
  email          text,
  email_verified boolean not null default false,
  name           text,
  tokens         text,
  scopes         text,
  renewing_until timestamptz,
  consent_ended_at timestamptz,
  created_at     timestamptz not null default now(),
  used_at        timestamptz not null default now(),
  unique (issuer, subject)
);
create index identities_by_user on identity.identities (user_id);
create index identities_by_tokens on identity.identities (id) where tokens is not null;

-- A sign-in with others that is under way, by the hash of its state. `verifier` (PKCE) is sealed.
create table identity.flows (
  state_hash     bytea primary key,
  provider       text not null,
  verifier       text not null,
  nonce          text not null,
  redirect_uri   text not null,
  binding_hash   bytea,
  code_challenge text,
  front          text,
  return_to      text,
  user_id        uuid references identity.users on delete cascade,
  expires_at     timestamptz not null
);
create index flows_by_age on identity.flows (expires_at);

-- One-time codes that a browser brings back to the front end instead of a token; hashes. With `link` (sealed: who was
-- found at the provider) it completes a link instead of opening a session.
create table identity.exchange_codes (
  hash           bytea primary key,
  user_id        uuid not null references identity.users on delete cascade,
  method         text not null,
  link           text,
  binding_hash   bytea,
  code_challenge text,
  expires_at     timestamptz not null
);
create index exchange_codes_by_age on identity.exchange_codes (expires_at);

-- One-time secrets sent by mail; hashes. `email` is the address the secret proves.
create table identity.mail_tokens (
  hash       bytea primary key,
  user_id    uuid not null references identity.users on delete cascade,
  purpose    text not null check (purpose in ('reset', 'verify')),
  email      text not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null
);
create index mail_tokens_by_user on identity.mail_tokens (user_id, purpose);

-- Mail to be sent, each by a job that knows its id alone. Of who asks for a new password only the e-mail is known:
-- the job finds out whose it is. `address` and `user_agent` are of who asked.
create table identity.letters (
  id         uuid primary key,
  kind       text not null check (kind in ('reset', 'verify', 'password-changed', 'email-changed', 'email-taken')),
  email      text not null,
  user_id    uuid references identity.users on delete cascade,
  address    text,
  user_agent text,
  created_at timestamptz not null default now()
);
create index letters_by_user on identity.letters (user_id);
create index letters_by_age on identity.letters (created_at);

-- Personal blocks: invisible to each other, both ways.
create table identity.blocks (
  user_id    uuid not null references identity.users on delete cascade,
  blocked_id uuid not null references identity.users on delete cascade,
  created_at timestamptz not null default now(),
  primary key (user_id, blocked_id),
  check (user_id <> blocked_id)
);
create index blocks_by_blocked on identity.blocks (blocked_id);

-- Security events. Ids without foreign keys: an entry outlives what it tells of; erasing a person takes the ids out.
create table identity.audit_log (
  id         uuid primary key,
  at         timestamptz not null default now(),
  action     text not null,
  actor_id   uuid,
  subject_id uuid,
  address    text,
  user_agent text,
  detail     jsonb not null default '{}'
);
create index audit_log_by_subject on identity.audit_log (subject_id, id desc);
create index audit_log_by_actor on identity.audit_log (actor_id, id desc);
create index audit_log_by_action on identity.audit_log (action, id desc);

-- Append-only, for the program too: an entry can lose whom it tells of (a person was erased), nothing else of it can
-- change, and none goes that is younger than the shortest AUDIT_LOG_DAYS.
create function identity.guard_audit_log() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE'
    and (new.id, new.at, new.action, new.detail) = (old.id, old.at, old.action, old.detail)
    and (new.actor_id is null or new.actor_id is not distinct from old.actor_id)
    and (new.subject_id is null or new.subject_id is not distinct from old.subject_id)
    and (new.address is null or new.address is not distinct from old.address)
    and (new.user_agent is null or new.user_agent is not distinct from old.user_agent)
  then return new;
  end if;
  if tg_op = 'DELETE' and old.at < now() - interval '7 days' then return old;
  end if;
  raise exception 'the audit log is append-only' using errcode = 'insufficient_privilege';
end $$;
create trigger audit_log_is_append_only before update or delete on identity.audit_log
  for each row execute function identity.guard_audit_log();
create trigger audit_log_is_not_emptied before truncate on identity.audit_log
  for each statement execute function identity.guard_audit_log();

-- Lists of users, for admins.
create index users_by_role on identity.users (role, id);
create index users_by_block on identity.users (id) where is_blocked;

-- Small letters without diacritics; the short way is for text of ASCII alone.
create function identity.folded(given text) returns text language sql immutable parallel safe
  return case when octet_length(given) = length(given) then lower(given)
    else lower(regexp_replace(normalize(given, nfkd), '[\u0300-\u036f]', '', 'g')) end;
-- What of a user is searched.
create function identity.user_text(username text, email text, display_name text) returns text
  language sql immutable parallel safe
  return identity.folded(username || ' ' || coalesce(email, '') || ' ' || display_name);
-- By what a user is found: every three letters in a row, and how each word begins, in one letter and two.
create function identity.user_grams(username text, email text, display_name text) returns text[]
  language plpgsql immutable parallel safe cost 1000 as $$
declare
  given text := identity.user_text(username, email, display_name);
  word text;
  grams text[] := '{}';
begin
  for i in 1 .. length(given) - 2 loop
    grams := grams || substr(given, i, 3);
  end loop;
  foreach word in array regexp_split_to_array(given, '[^[:alnum:]]+') loop
    grams := grams || ('^' || left(word, 1)) || ('^' || left(word, 2));
  end loop;
  return grams;
end $$;
-- The grams that a user with this term has. A term of one letter or two is the beginning of a word.
create function identity.term_grams(term text) returns text[] language sql immutable parallel safe
begin atomic
  select case
    when length(identity.folded(term)) < 3 then array['^' || identity.folded(term)]
    else array(select substr(identity.folded(term), i, 3) from generate_series(1, length(identity.folded(term)) - 2) i)
  end;
end;
create index users_by_grams on identity.users using gin (identity.user_grams(username, email, display_name));
