//! Homes of other ages.

use hearth_local::database::Role;
use hearth_local::migrate::{MigrateError, embedded, migrate, migrate_with};
use hearth_local::secrets::Secrets;
use hearth_local::settings::Settings;
use hearth_local::supervise::{Lifeline, PostgresServer};

use crate::home::TestHome;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_home_gets_what_is_new_and_a_newer_one_is_refused() {
    let home = TestHome::new();
    home.home().prepare().unwrap();
    let (lifeline, last_child) = Lifeline::new();
    let server = PostgresServer::new(&home.home(), &Settings::default(), &lifeline).unwrap();
    let child = server.start().await.unwrap();
    let (database, secrets) = (server.database(), Secrets::generate().unwrap());
    let names = |migrations: &[(&str, &str)]| {
        migrations.iter().map(|(name, _)| (*name).to_owned()).collect::<Vec<_>>()
    };

    let (older, newer) = embedded().split_at(embedded().len() - 2);
    let first = migrate_with(&database, &secrets, older).await.unwrap();
    assert!(first.first);
    assert_eq!(first.applied, names(older));

    let second = migrate(&database, &secrets).await.unwrap();
    assert!(!second.first);
    assert_eq!(second.applied, names(newer));
    assert!(migrate(&database, &secrets).await.unwrap().applied.is_empty());

    let refused = migrate_with(&database, &secrets, older).await.unwrap_err();
    assert!(matches!(refused, MigrateError::Newer(_)), "{refused}");

    let broken =
        [embedded(), &[("29990101000000_broken", "create table public.half (); select 1 / 0;")]].concat();
    let failed = migrate_with(&database, &secrets, &broken).await.unwrap_err();
    assert!(matches!(failed, MigrateError::Failed { .. }), "{failed}");
    let mut connection = database.connect(Role::Owner).await.unwrap();
    let half: bool = sqlx::query_scalar("select to_regclass('public.half') is not null")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert!(!half, "a migration is whole or not at all");
    let key: Vec<u8> = sqlx::query_scalar("select value from hearth.secrets where name = 'signing_key'")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(hex::encode(key), secrets.signing_key.expose());

    child.stop().await;
    drop((server, lifeline));
    last_child.ended().await;
}
