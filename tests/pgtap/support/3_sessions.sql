-- Other sessions, for what happens at the same moment.

-- Opens a session for someone, as a request of theirs would be: not in a transaction yet.
create function spec.open(session text, who text) returns void
language plpgsql
as $$
begin
  perform tap.dblink_connect(session, format('host=%s port=%s dbname=%I user=supabase_admin application_name=%s',
    current_setting('unix_socket_directories'), current_setting('port'), current_database(), session));
  perform spec.tell(session, format('select spec.act_as(%L, false)', who));
end
$$;

-- Runs a statement there and gives its one value, or its SQLSTATE.
create function spec.tell(session text, statement text) returns text
language plpgsql
as $$
declare
  said text;
begin
  if statement ilike 'select%' then
    select it into said from tap.dblink(session, statement) t (it text);
    return said;
  end if;
  return tap.dblink_exec(session, statement);
exception
  when others then
    return sqlstate;
end
$$;

-- Starts a statement there, and does not wait for it.
create function spec.start(session text, statement text) returns void
language plpgsql
as $$
begin
  perform tap.dblink_send_query(session, statement);
end
$$;

-- What came of the statement that was started there: its one value, or its SQLSTATE.
create function spec.ended(session text) returns text
language plpgsql
as $$
declare
  said text;
begin
  begin
    select it into said from tap.dblink_get_result(session) t (it text);
  exception
    when others then
      said := sqlstate;
  end;
  -- The protocol has one more, empty result to read.
  perform from tap.dblink_get_result(session) t (it text);
  return said;
end
$$;

-- Until a session waits for a lock that another one holds; false where that has not come in 10 s.
create function spec.waits(session text) returns boolean
language plpgsql
as $$
declare
  deadline timestamptz := clock_timestamp() + interval '10 seconds';
begin
  while clock_timestamp() < deadline loop
    perform pg_stat_clear_snapshot();
    if exists (select from pg_stat_activity
               where application_name = session and wait_event_type = 'Lock') then
      return true;
    elsif tap.dblink_is_busy(session) = 0 then
      return false;
    end if;
  end loop;
  return false;
end
$$;
