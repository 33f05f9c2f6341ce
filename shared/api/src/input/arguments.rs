//! Arguments of database functions, put together from a body and the rest of a request.

use serde::Serialize;

/// A body's fields, and those that come from elsewhere in the request. Fields that are null there are left out.
pub fn with(body: &impl Serialize, more: &[(&str, serde_json::Value)]) -> serde_json::Value {
    let mut value = serde_json::to_value(body).unwrap_or_default();
    if let Some(object) = value.as_object_mut() {
        for (name, item) in more.iter().filter(|(_, item)| !item.is_null()) {
            object.insert((*name).to_owned(), item.clone());
        }
    }
    value
}
