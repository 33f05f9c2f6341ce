//! One type per kind of id, so that a turn's id cannot be handed where a workspace's is meant.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
        #[serde(transparent)]
        #[schema(value_type = String, format = "uuid")]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new id: a UUIDv7 (RFC 9562), so that ids sort by the time they were made.
            pub fn generate() -> Self {
                Self(Uuid::now_v7())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.as_hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }
    };
}

id!(
    /// A person, as Supabase Auth knows them (`auth.users.id`, a token's `sub`).
    UserId
);
id!(
    /// A workspace: the tenant that conversations belong to.
    WorkspaceId
);
id!(
    /// A conversation within a workspace.
    ConversationId
);
id!(
    /// A message within a conversation.
    MessageId
);
id!(
    /// A turn: one question and its answer. The answer's message carries the same id.
    TurnId
);

impl TurnId {
    /// The id of the message that answers this turn.
    pub fn answer(self) -> MessageId {
        MessageId(self.0)
    }
}
