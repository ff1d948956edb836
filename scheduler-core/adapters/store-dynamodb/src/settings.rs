//! Connections and tokens.

use scheduler_core::domain::{Key, SealedConnection, TokenRecord};

use crate::error::Cause;
use crate::item::body;
use crate::keys;
use crate::reads::Rows;
use crate::store::DynamoDb;

impl DynamoDb {
    pub(crate) async fn sealed_connection(&self, key: &Key) -> Result<Option<SealedConnection>, Cause> {
        self.item(&keys::connection(key)).await?.map(|item| body(&item, "connection")).transpose()
    }

    pub(crate) async fn all_tokens(&self) -> Result<Vec<TokenRecord>, Cause> {
        let items = self.all_rows(&Rows::beginning(keys::TOKENS, ""), usize::MAX).await?;
        let tokens = items.iter().map(|item| body(item, "token"));
        let mut tokens = tokens.collect::<Result<Vec<TokenRecord>, _>>()?;
        tokens.sort_unstable_by(|left, right| left.id.cmp(&right.id));
        Ok(tokens)
    }

    pub(crate) async fn one_token(&self, id: &str) -> Result<Option<TokenRecord>, Cause> {
        self.item(&keys::token(id)).await?.map(|item| body(&item, "token")).transpose()
    }
}
