-- What the server authors is written by functions that anyone may call and that do nothing without
-- the server's signature: HMAC-SHA256 over who, what, a digest of the payload and an expiry. So no
-- function host needs the service key, and a user's token that expires in mid-turn loses nothing.

-- 'signing_key' is put here when an installation is set up; the API holds the same bytes.
create table hearth.secrets (
  name text primary key,
  value bytea not null
);

alter table hearth.secrets enable row level security;
revoke all on hearth.secrets from public, anon, authenticated, service_role;

-- RFC 2104, with the core's sha256(): pgcrypto, which has hmac(), lives in different schemas, and
-- on some servers is not there at all.
create function hearth.hmac_sha256(key bytea, message bytea) returns bytea
language plpgsql immutable
set search_path = '', pg_temp
as $$
declare
  block bytea := case when octet_length(key) > 64 then sha256(key) else key end;
  inner_pad bytea := decode(repeat('36', 64), 'hex');
  outer_pad bytea := decode(repeat('5c', 64), 'hex');
begin
  for i in 0 .. octet_length(block) - 1 loop
    inner_pad := set_byte(inner_pad, i, get_byte(inner_pad, i) # get_byte(block, i));
    outer_pad := set_byte(outer_pad, i, get_byte(outer_pad, i) # get_byte(block, i));
  end loop;
  return sha256(outer_pad || sha256(inner_pad || message));
end
$$;

-- Refuses what the server did not sign, or signed for too long ago. Only called by functions that
-- are security definer themselves: nobody else may read the key.
create function hearth.check_signature(
  purpose text, workspace uuid, id uuid, person uuid, payload text, expires bigint, mac text
) returns void
language plpgsql stable
set search_path = '', pg_temp
as $$
declare
  key bytea := (select s.value from hearth.secrets s where s.name = 'signing_key');
  signed bytea;
begin
  if octet_length(key) >= 32 and mac ~ '^[0-9a-f]{64}$' and expires >= extract(epoch from now())
  then
    signed := hearth.hmac_sha256(key, convert_to(concat_ws(':', purpose, workspace, id, person,
      encode(sha256(convert_to(payload, 'UTF8')), 'hex'), expires), 'UTF8'));
    -- Digests are compared, so that the time this takes tells nothing of how much was right.
    if sha256(signed) = sha256(decode(mac, 'hex')) then
      return;
    end if;
  end if;
  perform hearth.fail(403, 'signature_invalid',
    'This function takes what the server signed, before it expires.');
end
$$;

revoke all on function hearth.hmac_sha256(bytea, bytea),
  hearth.check_signature(text, uuid, uuid, uuid, text, bigint, text) from public;
