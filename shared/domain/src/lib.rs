//! The words that the rest of Hearth is written in: ids, roles, entities and problems.
//!
//! Pure data. Nothing here performs I/O, reads a clock or knows a host.

pub mod content;
pub mod conversation;
pub mod ids;
pub mod message;
pub mod page;
pub mod policy;
pub mod problem;
pub mod profile;
pub mod role;
pub mod sensitivity;
pub mod turn;
pub mod workspace;

pub use content::Content;
pub use conversation::Conversation;
pub use ids::{ConversationId, MessageId, TurnId, UserId, WorkspaceId};
pub use message::{Decision, Message, MessageRole, MessageStatus, Rejection, Usage};
pub use page::Page;
pub use policy::Policy;
pub use problem::{Code, FieldError, Problem};
pub use profile::Profile;
pub use role::Role;
pub use sensitivity::Sensitivity;
pub use turn::{Turn, TurnState};
pub use workspace::{Member, Workspace, WorkspaceKind};
