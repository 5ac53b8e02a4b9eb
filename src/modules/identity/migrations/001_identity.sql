create table identity.users (
  id            uuid primary key,
  username      text not null check (length(username) between 3 and 20),
  email         text check (email = lower(email)),
  display_name  text not null check (length(display_name) between 1 and 80),
  password_hash text,
  role          text not null default 'user' check (role in ('user', 'artist', 'admin')),
  is_blocked    boolean not null default false,
  created_at    timestamptz not null default now(),
  updated_at    timestamptz not null default now()
);
create unique index users_by_username on identity.users (lower(username));
create unique index users_by_email on identity.users (email);

-- A session is a refresh family: it ends as a whole.
create table identity.sessions (
  id         uuid primary key,
  user_id    uuid not null references identity.users on delete cascade,
  user_agent text,
  created_at timestamptz not null default now(),
  used_at    timestamptz not null default now(),
  expires_at timestamptz not null,
  ended_at   timestamptz
);
create index sessions_by_user on identity.sessions (user_id);

-- Only hashes. A token that has been used stays until its session ends: its second use is how theft shows.
create table identity.refresh_tokens (
  hash       bytea primary key,
  session_id uuid not null references identity.sessions on delete cascade,
  used_at    timestamptz
);
create index refresh_tokens_by_session on identity.refresh_tokens (session_id);

-- At most one row: the code that the first account needs when the server listens beyond loopback.
create table identity.setup_code (
  one  boolean primary key default true check (one),
  code text not null
);
