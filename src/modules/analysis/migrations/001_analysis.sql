-- What is known of a piece of audio, whatever songs it belongs to: the same content is analysed once.
create table analysis.features (
  content_id         text primary key,
  engine_version     integer not null,
  duration_sec       real not null check (duration_sec >= 0),
  tempo              real,
  tempo_confidence   real not null,
  tempo_alternatives real[] not null,
  tempo_alternative_confidences real[] not null,
  time_signature     smallint not null,
  key                text,
  mode               text check (mode in ('major', 'minor')),
  key_confidence     real not null,
  camelot            text,
  tuning_hz          real not null,
  loudness_lufs      real,
  loudness_range_lu  real not null,
  true_peak_dbtp     real,
  energy             real not null check (energy between 0 and 1),
  bass               real not null,
  mid                real not null,
  treble             real not null,
  centroid_hz        real not null,
  rolloff_hz         real not null,
  flatness           real not null,
  zero_crossing_rate real not null,
  mfcc               real[] not null,
  chroma             real[] not null,
  silence_start_sec  real not null,
  silence_end_sec    real not null,
  points_per_sec     real not null,
  took_ms            integer not null,
  analyzed_at        timestamptz not null default now()
);
create index features_by_time on analysis.features (analyzed_at desc);

-- Apart from the features: a list of songs never reads these.
create table analysis.timelines (
  content_id text primary key references analysis.features on delete cascade,
  beats      real[] not null,
  downbeats  real[] not null,
  onsets     real[] not null,
  sections   real[] not null
);

-- How far each song is. `is_queued` is false for a pending song that no job waits for (there was no FFmpeg, or the
-- file was away): those are asked for again at start and by the clock.
create table analysis.songs (
  song_id    uuid primary key,
  content_id text not null,
  state      text not null check (state in ('pending', 'processing', 'completed', 'failed')),
  progress   real not null default 0 check (progress between 0 and 1),
  detail     text,
  is_queued  boolean not null default true,
  updated_at timestamptz not null default now()
);
create index songs_by_content on analysis.songs (content_id);
create index songs_not_completed on analysis.songs (state, updated_at) where state <> 'completed';
