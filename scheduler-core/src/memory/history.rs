//! Rows that are read newest first, of all tenants or of some.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use crate::domain::{Key, Scope, Source};
use crate::ports::Page;

/// Rows by an id that sorts by time, each belonging to a key.
pub(super) struct History<I, T> {
    rows: BTreeMap<I, T>,
    ids: BTreeMap<Key, BTreeSet<I>>,
}

impl<I, T> Default for History<I, T> {
    fn default() -> Self {
        Self { rows: BTreeMap::new(), ids: BTreeMap::new() }
    }
}

impl<I: Ord + Clone + AsText, T> History<I, T> {
    pub(super) fn put(&mut self, id: I, key: &Key, row: T) {
        if self.rows.insert(id.clone(), row).is_none() {
            self.ids.entry(key.clone()).or_default().insert(id);
        }
    }

    pub(super) fn get(&self, id: &I) -> Option<&T> {
        self.rows.get(id)
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// All rows, oldest first.
    pub(super) fn oldest(&self) -> impl Iterator<Item = (&I, &T)> {
        self.rows.iter()
    }

    pub(super) fn remove(&mut self, id: &I, key: &Key) {
        self.rows.remove(id);
        if let Some(ids) = self.ids.get_mut(key) {
            ids.remove(id);
            if ids.is_empty() {
                self.ids.remove(key);
            }
        }
    }

    /// Wanted rows before `after`, newest first. With a limited scope only its tenants' rows are looked at.
    pub(super) fn newest(
        &self,
        source: &Source,
        scope: &Scope,
        after: Option<&I>,
        limit: usize,
        wanted: impl Fn(&T) -> bool,
    ) -> Vec<(&I, &T)> {
        let before = (Bound::Unbounded, after.map_or(Bound::Unbounded, Bound::Excluded));
        let Scope::Only(tenants) = scope else {
            let rows = self.rows.range::<I, _>(before).rev();
            return rows.filter(|(_, row)| wanted(row)).take(limit).collect();
        };
        let mut found = Vec::new();
        for tenant in tenants {
            let Some(ids) = self.ids.get(&Key::new(source.clone(), tenant.clone())) else {
                continue;
            };
            let rows = ids.range::<I, _>(before).rev().filter_map(|id| self.rows.get_key_value(id));
            found.extend(rows.filter(|(_, row)| wanted(row)).take(limit));
        }
        found.sort_unstable_by(|(left, _), (right, _)| right.cmp(left));
        found.truncate(limit);
        found
    }

    /// One page of [`History::newest`].
    pub(super) fn page(
        &self,
        (source, scope): (&Source, &Scope),
        after: Option<&I>,
        limit: usize,
        wanted: impl Fn(&T) -> bool,
    ) -> Page<T>
    where
        T: Clone,
    {
        let mut found = self.newest(source, scope, after, limit.saturating_add(1), wanted);
        let more = found.len() > limit;
        found.truncate(limit);
        let next = found.last().filter(|_| more).map(|(id, _)| id.text().to_owned());
        Page { rows: found.into_iter().map(|(_, row)| row.clone()).collect(), next }
    }
}

/// An id that is a cursor, too.
pub(super) trait AsText {
    fn text(&self) -> &str;
}

impl AsText for std::sync::Arc<str> {
    fn text(&self) -> &str {
        self
    }
}

impl AsText for crate::domain::RunId {
    fn text(&self) -> &str {
        self.as_str()
    }
}
