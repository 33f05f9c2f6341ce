//! Refresh tokens over time, which is moved in the database rather than waited for.

use hearth_local::database::{Database, Role};
use reqwest::StatusCode;
use serde_json::Value;
use sqlx::Connection as _;

use crate::edge;
use crate::home::TestHome;
use crate::machine::Machine;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_used_again_much_later_ends_the_session() {
    let (home, edge) = (TestHome::new(), edge::start().await);
    let machine = Machine::start(home.path(), &edge).await;
    let session = machine.sign_up("ann@example.com").await;
    let first = text(&session, "refresh_token");
    let (status, second) = machine.refresh(first).await;
    assert_eq!(status, StatusCode::OK);

    // Within ten seconds it is a slow network, and forgiven.
    assert_eq!(machine.refresh(first).await.0, StatusCode::OK);

    later(&home, "11 seconds").await;
    let (status, refused) = machine.refresh(first).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(refused["error_code"], "refresh_token_already_used");
    // The thief's token, or the owner's: nobody knows which, so neither goes on.
    assert_eq!(machine.refresh(text(&second, "refresh_token")).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(machine.sign_in("ann@example.com", "correct horse").await, StatusCode::OK);

    // No token is kept as it is.
    let mut database = connect(&home).await;
    let kept: Vec<String> =
        sqlx::query_scalar("select token from auth.refresh_tokens").fetch_all(&mut database).await.unwrap();
    assert!(kept.iter().all(|token| token.len() == 64), "digests only");
    database.close().await.unwrap();
    machine.stop().await;
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap()
}

async fn later(home: &TestHome, time: &str) {
    let mut database = connect(home).await;
    sqlx::query("update auth.refresh_tokens set updated_at = updated_at - $1::interval")
        .bind(time)
        .execute(&mut database)
        .await
        .unwrap();
    database.close().await.unwrap();
}

async fn connect(home: &TestHome) -> sqlx::PgConnection {
    Database::own(&home.home().socket_folder("postgres")).connect(Role::Superuser).await.unwrap()
}
