//! Other people's things: not there, whatever the route; and what a role may not do, it may not do.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, its helpers too")]

use hearth_tests::{house::House, person::Person};
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn another_tenants_ids_are_404_in_every_route() {
    let house = House::shared().await;
    let (ada, eve) = (Person::new(&house.up).await, Person::new(&house.up).await);
    let workspace = ada.workspace().await;
    let conversation = ada.conversation().await;
    let message = ada.ask(&conversation, "Hi").await;
    let turn = message["id"].as_str().unwrap();
    let member = format!("/v1/workspaces/{workspace}/members/{}", ada.user_id);
    let ask = json!({ "content": "Hi" });
    let routes = [
        (Method::GET, format!("/v1/workspaces/{workspace}"), Value::Null),
        (Method::PATCH, format!("/v1/workspaces/{workspace}"), json!({ "name": "Mine" })),
        (Method::DELETE, format!("/v1/workspaces/{workspace}"), Value::Null),
        (Method::GET, format!("/v1/workspaces/{workspace}/members"), Value::Null),
        (
            Method::POST,
            format!("/v1/workspaces/{workspace}/members"),
            json!({ "email": eve.email, "role": "owner" }),
        ),
        (Method::PATCH, member.clone(), json!({ "role": "viewer" })),
        (Method::DELETE, member, Value::Null),
        (Method::GET, format!("/v1/workspaces/{workspace}/policy"), Value::Null),
        (Method::PUT, format!("/v1/workspaces/{workspace}/policy"), json!({ "on_prem_only": true })),
        (Method::GET, format!("/v1/conversations?workspace_id={workspace}"), Value::Null),
        (Method::POST, "/v1/conversations".into(), json!({ "workspace_id": workspace })),
        (Method::GET, format!("/v1/conversations/{conversation}"), Value::Null),
        (Method::PATCH, format!("/v1/conversations/{conversation}"), json!({ "title": "Mine" })),
        (Method::DELETE, format!("/v1/conversations/{conversation}"), Value::Null),
        (Method::GET, format!("/v1/conversations/{conversation}/messages"), Value::Null),
        (Method::POST, format!("/v1/conversations/{conversation}/messages"), ask),
        (Method::GET, format!("/v1/turns/{turn}"), Value::Null),
        (Method::GET, format!("/v1/turns/{turn}/events"), Value::Null),
        (Method::POST, format!("/v1/turns/{turn}/cancel"), json!({})),
    ];
    for (method, path, body) in routes {
        let real = eve.send(method.clone(), &path, body.clone()).await;
        // An id that nobody has must look the same: else the difference would be the hint.
        let swap = |text: &str, id: &str| text.replace(id, &uuid::Uuid::now_v7().to_string());
        let unknown = [&workspace, &conversation, turn].iter().fold(path.clone(), |path, id| swap(&path, id));
        let body = if body["workspace_id"].is_null() {
            body
        } else {
            json!({ "workspace_id": uuid::Uuid::now_v7() })
        };
        let nothing = eve.send(method.clone(), &unknown, body).await;
        assert_eq!(real.0, 404, "{method} {path}: {}", real.1);
        assert_eq!(
            (real.0, &real.1["code"], &real.1["detail"]),
            (nothing.0, &nothing.1["code"], &nothing.1["detail"]),
            "{method} {path}"
        );
    }
    let (_, whole) = ada.get(&format!("/v1/conversations/{conversation}/messages")).await;
    assert_eq!(whole["data"].as_array().unwrap().len(), 2, "nothing of it changed anything");
}

#[tokio::test]
async fn another_tenants_ids_can_be_used_by_oneself() {
    let house = House::shared().await;
    let (ada, eve) = (Person::new(&house.up).await, Person::new(&house.up).await);
    let conversation = ada.conversation().await;
    let (status, hers) = eve.post("/v1/conversations", json!({ "id": conversation, "title": "Eve's" })).await;
    assert_eq!((status, hers["title"].as_str()), (201, Some("Eve's")), "{hers}");
    assert_eq!(ada.get(&format!("/v1/conversations/{conversation}")).await.1["title"], Value::Null);
}

#[tokio::test]
async fn a_viewer_reads_and_may_not_write() {
    let house = House::shared().await;
    let (owner, viewer) = (Person::new(&house.up).await, Person::new(&house.up).await);
    let workspace = owner.workspace().await;
    let (status, made) = owner.post("/v1/conversations", json!({ "workspace_id": workspace })).await;
    assert_eq!(status, 201, "{made}");
    let conversation = made["id"].as_str().unwrap();
    let turn = owner.ask(conversation, "Hi").await["id"].as_str().unwrap().to_owned();
    let members = format!("/v1/workspaces/{workspace}/members");
    let (status, body) = owner.post(&members, json!({ "email": viewer.email, "role": "viewer" })).await;
    assert_eq!(status, 201, "{body}");

    assert_eq!(viewer.get(&format!("/v1/conversations/{conversation}/messages")).await.0, 200);
    assert_eq!(viewer.get(&format!("/v1/turns/{turn}")).await.0, 200);
    let forbidden = [
        (Method::POST, "/v1/conversations".to_owned(), json!({ "workspace_id": workspace })),
        (Method::PATCH, format!("/v1/conversations/{conversation}"), json!({ "title": "Mine" })),
        (Method::DELETE, format!("/v1/conversations/{conversation}"), Value::Null),
        (Method::POST, format!("/v1/conversations/{conversation}/messages"), json!({ "content": "Hi" })),
        (Method::POST, format!("/v1/turns/{turn}/cancel"), json!({})),
        (Method::POST, members.clone(), json!({ "email": owner.email, "role": "viewer" })),
        (Method::PATCH, format!("{members}/{}", viewer.user_id), json!({ "role": "owner" })),
        (Method::PUT, format!("/v1/workspaces/{workspace}/policy"), json!({ "on_prem_only": true })),
        (Method::DELETE, format!("/v1/workspaces/{workspace}"), Value::Null),
    ];
    for (method, path, body) in forbidden {
        let (status, problem) = viewer.send(method.clone(), &path, body).await;
        assert_eq!(
            (status, problem["code"].as_str()),
            (403, Some("role_required")),
            "{method} {path}: {problem}"
        );
    }
}

#[tokio::test]
async fn a_member_cannot_write_what_the_server_authors() {
    let house = House::shared().await;
    let person = Person::new(&house.up).await;
    let conversation = person.conversation().await;
    let answer = person.ask(&conversation, "Hi").await;
    let (_, workspace) = person.get(&format!("/v1/conversations/{conversation}")).await;
    let forged = json!({ "status": "completed", "content": "I said this.", "duration_ms": 1 }).to_string();
    let call = json!({
        "p_workspace": workspace["workspace_id"], "p_turn": answer["id"], "p_user": person.user_id,
        "p_payload": forged, "p_expires": 4_000_000_000_u64, "p_mac": "0".repeat(64),
    });
    let (status, refused) = person.rpc("complete_turn", call).await;
    assert_eq!((status, refused["message"].as_str()), (403, Some("signature_invalid")), "{refused}");
    let (_, page) = person.get(&format!("/v1/conversations/{conversation}/messages")).await;
    assert_eq!(page["data"][1]["content"], answer["content"]);
}

#[tokio::test]
async fn the_last_owner_stays_and_a_personal_workspace_is_not_deleted() {
    let house = House::shared().await;
    let person = Person::new(&house.up).await;
    let workspace = person.workspace().await;
    let me = format!("/v1/workspaces/{workspace}/members/{}", person.user_id);
    let (status, problem) = person.send(Method::DELETE, &me, Value::Null).await;
    assert_eq!((status, problem["code"].as_str()), (409, Some("last_owner")), "{problem}");
    let (_, profile) = person.get("/v1/me").await;
    let personal = format!("/v1/workspaces/{}", profile["personal_workspace_id"].as_str().unwrap());
    let (status, problem) = person.send(Method::DELETE, &personal, Value::Null).await;
    assert_eq!(status, 409, "{problem}");
}
