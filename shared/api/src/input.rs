//! How requests come in: bodies, path ids, queries and preconditions, parsed at the edge and trusted from there on.

mod arguments;
mod body;
mod list;
mod path;
mod precondition;

pub use arguments::with;
pub use body::{Body, MAX_BODY, parse, typed};
pub use list::ListQuery;
pub use path::{Id, Ids};
pub use precondition::IfMatch;
