-- `locale` is the language of a person's mails and always one: the default, or what the browser spoke at sign-up. Whether
-- he chose it for his pages was not to be seen from it, and "as my browser" (und) left his mails without a language.
-- So the choice has a column of its own, null where there is none.
alter table public.profiles
  add column chosen_locale text
    check (chosen_locale ~ '^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$' and char_length(chosen_locale) <= 35);
grant update (chosen_locale) on public.profiles to authenticated;

-- An 'en' of before may be the default or a choice. It counts as none: a browser that asks for English shows English
-- either way, and one that asks for another language is asked for it far more often by someone who never chose.
update public.profiles set chosen_locale = locale where locale not in ('en', 'und');
update public.profiles set locale = 'en' where locale = 'und';
