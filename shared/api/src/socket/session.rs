//! One connection, from its credential to its end.
//!
//! All of it is one future: what a client asks for runs within the session, side by side, so that a host which ties work to
//! the request that brought it (Workers) can serve it too.

use std::time::Duration;

use futures_util::{
    FutureExt, StreamExt, select_biased,
    stream::{BoxStream, SelectAll},
};
use hearth_clients::{
    Secret,
    platform::{self, Background},
};
use hearth_domain::{Code, Problem};

use super::{
    line::{Line, Outgoing},
    message::{Said, Told, read},
    turns::{Asking, Turns},
};
use crate::{App, auth::Caller};

/// How long a client may take to say who it is.
const CREDENTIAL_BY: Duration = Duration::from_secs(10);
/// How long a client may take to read what waits for it.
const READ_BY: Duration = Duration::from_secs(30);
/// Turns that one connection may follow at once.
const AT_ONCE: usize = 16;

/// No valid credential.
const UNAUTHORIZED: (u16, &str) = (4401, "no valid credential");
/// No credential in time.
const TOO_LATE: (u16, &str) = (4408, "no credential in time");
/// RFC 6455, 7.4.1, and the registry: the server asks the client to connect again.
const CONNECT_AGAIN: (u16, &str) = (1012, "connect again to go on");

/// Serves a connection until either end closes it.
pub async fn serve(app: App, background: Background, credential: Option<String>, line: Line) {
    let mut session = Session { app, line, asked: SelectAll::new() };
    let Some(caller) = session.sign_in(credential).await else { return };
    let mut turns = Turns::new(session.app.clone(), background, caller);
    if session.tell(&Told::Ready).await.is_some() {
        session.run(&mut turns).await;
    }
}

struct Session {
    app: App,
    line: Line,
    /// What is being told, each answer as a stream of its own.
    asked: SelectAll<BoxStream<'static, Told>>,
}

impl Session {
    /// The caller, by the token of the upgrade or of the first message; without one the connection is closed.
    async fn sign_in(&mut self, credential: Option<String>) -> Option<Caller> {
        let token = if let Some(token) = credential {
            token
        } else {
            match platform::timeout(CREDENTIAL_BY, self.line.incoming.next()).await {
                Ok(Some(text)) => match read(&text) {
                    Ok(Said::Auth { token }) => token,
                    _ => return self.refuse(nobody()).await,
                },
                Ok(None) => return None,
                Err(_) => {
                    self.close(TOO_LATE).await;
                    return None;
                }
            }
        };
        match self.caller(&token).await {
            Ok(caller) => Some(caller),
            Err(problem) => self.refuse(problem).await,
        }
    }

    async fn caller(&mut self, token: &str) -> Result<Caller, Problem> {
        let user_id = self.app.verifier.verify(token).await.map_err(Problem::from)?;
        Ok(Caller { user_id, token: Secret::new(token) })
    }

    async fn refuse<T>(&mut self, problem: Problem) -> Option<T> {
        self.tell(&Told::problem(problem, None)).await;
        self.close(UNAUTHORIZED).await;
        None
    }

    /// Hears and tells until the connection is over.
    async fn run(&mut self, turns: &mut Turns) {
        loop {
            let idle = self.asked.is_empty();
            if idle && turns.are_spent() {
                return self.close(CONNECT_AGAIN).await;
            }
            let told = async { if idle { std::future::pending().await } else { self.asked.next().await } };
            let went_on = select_biased! {
                told = Box::pin(told).fuse() => match told {
                    Some(told) => self.tell(&told).await,
                    None => Some(()),
                },
                said = self.line.incoming.next().fuse() => match said {
                    Some(text) => self.hear(turns, &text).await,
                    None => None,
                },
            };
            if went_on.is_none() {
                return;
            }
        }
    }

    /// Takes one message; `None` once the connection is over.
    async fn hear(&mut self, turns: &mut Turns, text: &str) -> Option<()> {
        match read(text) {
            Err((reference, problem)) => self.tell(&Told::problem(problem, reference)).await,
            Ok(Said::Ping) => self.tell(&Told::Pong).await,
            Ok(Said::Auth { token }) => match self.caller(&token).await {
                Ok(caller) => {
                    turns.renew(caller);
                    self.tell(&Told::Ready).await
                }
                Err(problem) => self.refuse(problem).await,
            },
            Ok(Said::Cancel { reference, turn }) => self.begin(turns.cancel(turn, reference)).await,
            Ok(Said::Send { reference, conversation, turn }) => {
                self.begin(turns.send(conversation, *turn, reference)).await
            }
            Ok(Said::Subscribe { reference, turn, last_event_id }) => {
                self.begin(turns.subscribe(turn, last_event_id, reference)).await
            }
        }
    }

    async fn begin(&mut self, asking: Asking) -> Option<()> {
        if self.asked.len() >= AT_ONCE {
            let problem = Code::TooManyRequests
                .with(format!("This connection follows {AT_ONCE} turns already. Wait for one to end."));
            return self.tell(&Told::problem(problem, asking.reference)).await;
        }
        self.asked.push(asking.answers);
        Some(())
    }

    /// Tells the client; `None` where it has gone, or does not read.
    async fn tell(&mut self, told: &Told) -> Option<()> {
        let send = self.line.outgoing.send(Outgoing::Text(told.to_text()));
        platform::timeout(READ_BY, send).await.ok()?.ok()
    }

    async fn close(&mut self, (code, reason): (u16, &'static str)) {
        let send = self.line.outgoing.send(Outgoing::Close { code, reason });
        // Whoever has gone needs no goodbye.
        let _ = platform::timeout(READ_BY, send).await;
    }
}

fn nobody() -> Problem {
    Code::InvalidCredential.with(
        r#"Say who you are first: {"type":"auth","token":"<access token>"}, or offer the subprotocols `hearth.v1` and `bearer.<access token>`."#,
    )
}
