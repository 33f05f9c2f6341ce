//! A page of a list.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The most items on a page.
pub const MAX_LIMIT: u32 = 200;
/// Items on a page, unless the caller says otherwise.
pub const DEFAULT_LIMIT: u32 = 50;

/// `{"data": […], "next_cursor": …}`; the cursor is opaque, and absent on the last page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Page<T> {
    pub data: Vec<T>,
    pub next_cursor: Option<String>,
}
