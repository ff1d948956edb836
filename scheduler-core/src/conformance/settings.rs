//! Connections and tokens are set, replaced and removed with a change.

use super::fixtures::{
    all_done, at, done, first, first_of, first_with, hostile, key, only, other_source, sealed, tenant, then,
    token,
};
use crate::domain::{Change, Key, Role, Scope, SealedConnection, TokenRecord, Write};
use crate::ports::Store;

/// A connection is set, replaced, kept by other changes, and removed.
pub async fn a_connection_is_set_replaced_and_removed(store: &dyn Store) {
    let set = first_with("a", vec![connect(&sealed("one"))]);
    let other = SealedConnection { base_url: None, updated: at(9), ..sealed("two") };
    let replace = Change { writes: vec![connect(&other)], ..then(&set) };
    let touch = then(&replace);
    let remove = Change { writes: vec![Write::Connection(None)], ..then(&touch) };
    assert_eq!(store.connection(&key("a")).await.unwrap(), None);

    done(store, set).await;
    assert_eq!(store.connection(&key("a")).await.unwrap(), Some(sealed("one")));
    all_done(store, vec![replace, touch]).await;
    assert_eq!(store.connection(&key("a")).await.unwrap(), Some(other));
    done(store, remove).await;
    assert_eq!(store.connection(&key("a")).await.unwrap(), None);
}

/// A connection belongs to a tenant at a source; removing one leaves the others.
pub async fn connections_of_others_are_not_touched(store: &dyn Store) {
    let other = Key::new(other_source(), tenant("a"));
    let mine = first_with("a", vec![connect(&sealed("mine"))]);
    let theirs = Change { writes: vec![connect(&sealed("theirs"))], ..first_of(other.clone()) };
    let none = first_with("b", vec![Write::Connection(None)]);

    all_done(store, vec![mine.clone(), theirs, none]).await;
    done(store, Change { writes: vec![Write::Connection(None)], ..then(&mine) }).await;

    assert_eq!(store.connection(&key("a")).await.unwrap(), None);
    assert_eq!(store.connection(&other).await.unwrap(), Some(sealed("theirs")));
    assert_eq!(store.connection(&key("b")).await.unwrap(), None);
}

/// Tokens are listed in the order of their ids, and each is found by its own.
pub async fn tokens_are_listed_by_id(store: &dyn Store) {
    let tokens = [
        TokenRecord { role: Role::Admin, expires: None, ..token("A1", Scope::All) },
        token("a1", only(&["peakpro", "summit.roofs"])),
        TokenRecord { role: Role::Viewer, hash: [0; 32], ..token("b2", only(&[])) },
    ];

    done(store, first_with("a", tokens.iter().rev().map(write).collect())).await;

    assert_eq!(store.tokens().await.unwrap(), tokens);
    for token in tokens {
        assert_eq!(store.token(&token.id).await.unwrap(), Some(token));
    }
    assert_eq!(store.token("a").await.unwrap(), None);
    assert_eq!(store.token("").await.unwrap(), None);
}

/// A token replaces the one of its id.
pub async fn a_token_replaces_the_one_of_its_id(store: &dyn Store) {
    let narrow = token("t", only(&["a"]));
    let wide = TokenRecord { scope: Scope::All, hash: [1; 32], ..narrow.clone() };
    let change = first_with("a", vec![write(&narrow)]);

    done(store, change.clone()).await;
    done(store, Change { writes: vec![write(&wide)], ..then(&change) }).await;

    assert_eq!(store.tokens().await.unwrap(), [wide]);
}

/// A revoked token is gone; revoking what is not there does no harm.
pub async fn a_revoked_token_is_gone(store: &dyn Store) {
    let change = first_with("a", vec![write(&token("t", Scope::All)), write(&token("u", Scope::All))]);
    let revocations = vec![Write::RevokeToken("t".into()), Write::RevokeToken("nobody".into())];

    done(store, change.clone()).await;
    done(store, Change { writes: revocations, ..then(&change) }).await;

    assert_eq!(store.token("t").await.unwrap(), None);
    assert_eq!(store.tokens().await.unwrap(), [token("u", Scope::All)]);
}

/// Within one change, writes are made in order.
pub async fn a_token_made_and_revoked_at_once_is_gone(store: &dyn Store) {
    let writes = vec![write(&token("t", Scope::All)), Write::RevokeToken("t".into())];

    done(store, first_with("a", writes)).await;

    assert!(store.tokens().await.unwrap().is_empty());
}

/// Free text of connections and tokens survives, whatever it holds.
pub async fn hostile_text_in_settings_survives(store: &dyn Store) {
    let mut change = first("a");
    for text in hostile() {
        let sealed = SealedConnection { base_url: Some(text.as_str().into()), ..sealed(&text) };
        let token = TokenRecord { name: text.as_str().into(), ..token(&text, Scope::All) };
        let next = Change { writes: vec![connect(&sealed), write(&token)], ..then(&change) };
        done(store, std::mem::replace(&mut change, next.clone())).await;
        done(store, next.clone()).await;
        change = then(&next);

        assert_eq!(store.connection(&key("a")).await.unwrap(), Some(sealed));
        assert_eq!(store.token(&text).await.unwrap(), Some(token));
    }
}

fn connect(sealed: &SealedConnection) -> Write {
    Write::Connection(Some(Box::new(sealed.clone())))
}

fn write(token: &TokenRecord) -> Write {
    Write::Token(Box::new(token.clone()))
}
