//! Query parameters, path segments and cursors, each complaint naming what is wrong.

use std::borrow::Cow;

use axum::extract::{FromRequestParts, RawPathParams};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures::FutureExt;

use super::call::Call;
use super::fields::epoch;
use super::problem::{Error, Result};
use crate::domain::{Scope, Tenant, Timestamp};

/// Rows of a page unless the caller asks otherwise.
pub(super) const PAGE: usize = 50;
/// Rows of a page at the most.
pub(super) const LONGEST_PAGE: usize = 1000;

/// The query of a request. Unknown parameters are left alone, as old clients send them.
pub(super) struct Params(Vec<(String, String)>);

impl Call {
    /// The query.
    pub(super) fn params(&self) -> Params {
        let query = self.parts.uri.query().unwrap_or_default();
        Params(form_urlencoded::parse(query.as_bytes()).into_owned().collect())
    }

    /// The path's segment of that name.
    pub(super) fn segment(&mut self, name: &str) -> Result<String> {
        // Nothing is waited for.
        let segments = RawPathParams::from_request_parts(&mut self.parts, &()).now_or_never();
        let segments = segments.and_then(Result::ok).ok_or(Error::NoRoute)?;
        let segment = segments.iter().find(|(known, _)| *known == name);
        Ok(segment.map(|(_, value)| value.to_owned()).unwrap_or_default())
    }
}

impl Params {
    /// The parameter, unless it is absent or empty.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// Free text of a bounded length.
    pub(super) fn bounded(&self, name: &'static str, max: usize) -> Result<Option<&str>> {
        match self.text(name) {
            Some(text) if text.len() > max => Err(Error::field(name, format!("must be at most {max} bytes"))),
            text => Ok(text),
        }
    }

    pub(super) fn number(&self, name: &'static str, min: u64, max: u64) -> Result<Option<u64>> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse().ok().filter(|number| digits && (min..=max).contains(number));
        number
            .map(Some)
            .ok_or_else(|| Error::field(name, format!("must be a whole number from {min} to {max}")))
    }

    pub(super) fn limit(&self, standard: usize) -> Result<usize> {
        let limit = self.number("limit", 1, LONGEST_PAGE as u64)?;
        Ok(limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(standard))
    }

    pub(super) fn tenant(&self) -> Result<Option<Tenant>> {
        let tenant = |name| Tenant::parse(name).map_err(|_| Error::TenantInvalid);
        Ok(self.text("tenant").map(tenant).transpose()?)
    }

    /// The part of a principal's scope that the parameter `tenant` leaves.
    pub(super) fn within(&self, scope: &Scope) -> Result<Scope> {
        Ok(match self.tenant()? {
            None => scope.clone(),
            Some(tenant) if scope.admits(&tenant) => Scope::Only([tenant].into()),
            Some(_) => Scope::Only([].into()),
        })
    }

    /// An RFC 3339 instant or epoch seconds.
    pub(super) fn instant(&self, name: &'static str) -> Result<Option<Timestamp>> {
        let Some(text) = self.text(name) else { return Ok(None) };
        // A plus sign that was not escaped reads as a space.
        let text = text.replace(' ', "+");
        let read =
            Timestamp::parse(&text).or_else(|| serde_json::from_slice(text.as_bytes()).ok().and_then(epoch));
        let problem = "must be an RFC 3339 instant or epoch seconds, between 2000 and 2200";
        read.map(Some).ok_or_else(|| Error::field(name, problem))
    }

    /// `true` or `false`.
    pub(super) fn flag(&self, name: &'static str) -> Result<Option<bool>> {
        self.choice(name, |text| text.parse().ok(), || "true, false".into())
    }

    /// A word out of a closed set.
    pub(super) fn choice<T>(
        &self,
        name: &'static str,
        read: impl Fn(&str) -> Option<T>,
        known: impl FnOnce() -> String,
    ) -> Result<Option<T>> {
        let Some(text) = self.text(name) else { return Ok(None) };
        read(text).map(Some).ok_or_else(|| Error::field(name, format!("must be one of {}", known())))
    }

    /// The cursor, with what the list calls itself taken off.
    pub(super) fn cursor(&self, list: &str) -> Result<Option<String>> {
        let Some(text) = self.bounded("cursor", 1024).map_err(|_| Error::Cursor)? else { return Ok(None) };
        place_in(list, text).map(Some)
    }
}

/// The place that a cursor of the list names.
pub(super) fn place_in(list: &str, cursor: &str) -> Result<String> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| Error::Cursor)?;
    let place = String::from_utf8(bytes).map_err(|_| Error::Cursor)?;
    let rest = place.strip_prefix(list).and_then(|rest| rest.strip_prefix('|'));
    Ok(rest.map(str::to_owned).ok_or(Error::Cursor)?)
}

/// Wraps a place in a list into a cursor.
pub(super) fn cursor(list: &str, place: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("{list}|{place}"))
}

/// Reads names out of a comma-separated list.
pub(super) fn listed(text: &str) -> impl Iterator<Item = Cow<'_, str>> {
    text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(Cow::Borrowed)
}
