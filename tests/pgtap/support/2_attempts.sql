-- What comes of a statement, for each kind of person. Nothing of it stays.

-- 'yes': it did something; '-': it found nothing to do it to; 'no': it was refused; else the
-- SQLSTATE. A deleted row turns into a tombstone, which counts no rows: `proof` is then a query that
-- says whether it happened.
create function spec.attempt(who text, statement text, proof text default null) returns text
language plpgsql
as $$
declare
  touched bigint;
  happened boolean;
begin
  perform spec.act_as(case who
    when 'outsider' then 'otto' when 'viewer' then 'vera' when 'member' then 'mira'
    when 'admin' then 'adam' when 'owner' then 'olga' else who end);
  execute statement;
  get diagnostics touched = row_count;
  perform spec.act_as_operator();
  happened := touched > 0;
  if proof is not null then
    execute proof into happened;
  end if;
  raise exception using errcode = 'ZZ000', message = case when happened then 'yes' else '-' end;
exception
  when sqlstate 'ZZ000' then
    return sqlerrm;
  when insufficient_privilege then
    return 'no';
  when others then
    return sqlstate;
end
$$;
