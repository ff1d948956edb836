//! Reads JSON that the control plane has written itself.
//!
//! A derived `Deserialize` takes a struct as an object, and as an array of its fields, and each way is compiled.
//! What is stored has only objects, so [`stored`] asks for objects only: that takes 30 kB from a build for size.

use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, VariantAccess,
    Visitor,
};
use std::fmt;
use std::marker::PhantomData;

/// Reads a value of which every struct is an object.
pub fn stored<T: DeserializeOwned>(json: &[u8]) -> serde_json::Result<T> {
    let mut from = serde_json::Deserializer::from_slice(json);
    let value = Objects(PhantomData).deserialize(&mut from)?;
    from.end()?;
    Ok(value)
}

/// Stands between a reader and what it reads from, whichever of the two it wraps.
struct Objects<T>(T);

macro_rules! ask {
    ($($method:ident($($name:ident: $type:ty),*))*) => {
        $(fn $method<V: Visitor<'de>>(self, $($name: $type,)* visitor: V) -> Result<V::Value, D::Error> {
            self.0.$method($($name,)* Objects(visitor))
        })*
    };
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Objects<D> {
    type Error = D::Error;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_map(Objects(visitor))
    }

    fn is_human_readable(&self) -> bool {
        self.0.is_human_readable()
    }

    ask! {
        deserialize_any() deserialize_bool()
        deserialize_i8() deserialize_i16() deserialize_i32() deserialize_i64() deserialize_i128()
        deserialize_u8() deserialize_u16() deserialize_u32() deserialize_u64() deserialize_u128()
        deserialize_f32() deserialize_f64()
        deserialize_char() deserialize_str() deserialize_string() deserialize_bytes() deserialize_byte_buf()
        deserialize_option() deserialize_unit() deserialize_seq() deserialize_map()
        deserialize_identifier() deserialize_ignored_any()
        deserialize_tuple(len: usize)
        deserialize_unit_struct(name: &'static str)
        deserialize_newtype_struct(name: &'static str)
        deserialize_tuple_struct(name: &'static str, len: usize)
        deserialize_enum(name: &'static str, variants: &'static [&'static str])
    }
}

macro_rules! tell {
    ($($method:ident($type:ty))*) => {
        $(fn $method<E: Error>(self, value: $type) -> Result<V::Value, E> {
            self.0.$method(value)
        })*
    };
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Objects<V> {
    type Value = V::Value;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(out)
    }

    tell! {
        visit_bool(bool)
        visit_i64(i64) visit_i128(i128) visit_u64(u64) visit_u128(u128) visit_f64(f64)
        visit_str(&str) visit_borrowed_str(&'de str) visit_string(String)
    }

    fn visit_none<E: Error>(self) -> Result<V::Value, E> {
        self.0.visit_none()
    }

    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        self.0.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, from: D) -> Result<V::Value, D::Error> {
        self.0.visit_some(Objects(from))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, from: D) -> Result<V::Value, D::Error> {
        self.0.visit_newtype_struct(Objects(from))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, from: A) -> Result<V::Value, A::Error> {
        self.0.visit_seq(Objects(from))
    }

    fn visit_map<A: MapAccess<'de>>(self, from: A) -> Result<V::Value, A::Error> {
        self.0.visit_map(Objects(from))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, from: A) -> Result<V::Value, A::Error> {
        self.0.visit_enum(Objects(from))
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Objects<S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<S::Value, D::Error> {
        self.0.deserialize(Objects(from))
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Objects<A> {
    type Error = A::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        self.0.next_element_seed(Objects(seed))
    }

    fn size_hint(&self) -> Option<usize> {
        self.0.size_hint()
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Objects<A> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        self.0.next_key_seed(Objects(seed))
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        self.0.next_value_seed(Objects(seed))
    }

    fn size_hint(&self) -> Option<usize> {
        self.0.size_hint()
    }
}

impl<'de, A: EnumAccess<'de>> EnumAccess<'de> for Objects<A> {
    type Error = A::Error;
    type Variant = Objects<A::Variant>;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self::Variant), A::Error> {
        let (name, variant) = self.0.variant_seed(Objects(seed))?;
        Ok((name, Objects(variant)))
    }
}

impl<'de, A: VariantAccess<'de>> VariantAccess<'de> for Objects<A> {
    type Error = A::Error;

    fn unit_variant(self) -> Result<(), A::Error> {
        self.0.unit_variant()
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, A::Error> {
        self.0.newtype_variant_seed(Objects(seed))
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, A::Error> {
        self.0.tuple_variant(len, Objects(visitor))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        self.0.newtype_variant_seed(Fields(visitor))
    }
}

/// The fields of a variant.
struct Fields<V>(V);

impl<'de, V: Visitor<'de>> DeserializeSeed<'de> for Fields<V> {
    type Value = V::Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<V::Value, D::Error> {
        from.deserialize_map(Objects(self.0))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Serialize};
    use serde_json::{Value, json};

    use super::*;
    use crate::domain::{Json, Timestamp};

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct All {
        text: String,
        flag: bool,
        numbers: (i64, u64, f64, u8),
        maybe: Vec<Option<Small>>,
        named: BTreeMap<String, Small>,
        kinds: Vec<Kind>,
        raw: Json,
        tree: Value,
        at: Timestamp,
        #[serde(flatten)]
        more: More,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Small {
        number: u32,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct More {
        rest: Option<String>,
        small: Small,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    enum Kind {
        Plain,
        Around(Small),
        With { number: u32, of: Small },
    }

    #[test]
    fn what_was_written_is_read_again() {
        let small = |number| Small { number };
        let all = All {
            text: "a \"b\" \u{1f600}".into(),
            flag: true,
            numbers: (i64::MIN, u64::MAX, 0.1, 7),
            maybe: vec![None, Some(small(1))],
            named: [("x".to_owned(), small(2))].into(),
            kinds: vec![Kind::Plain, Kind::Around(small(3)), Kind::With { number: 4, of: small(5) }],
            raw: Json::of(&json!({"b": [1, 2.50], "a": null})),
            tree: json!({"deep": [{"er": -1.5}, "text", true]}),
            at: Timestamp::from_secs(1_800_000_000),
            more: More { rest: Some("more".into()), small: small(6) },
        };
        let text = serde_json::to_vec(&all).unwrap();

        assert_eq!(stored::<All>(&text).unwrap(), all);
        assert_eq!(stored::<All>(&text).unwrap(), serde_json::from_slice(&text).unwrap());
    }

    #[test]
    fn what_is_no_object_or_goes_on_is_an_error() {
        for wrong in ["[7]", "7", "{\"number\":\"7\"}", "{}", "{\"number\":7} {", "{\"number\":7", ""] {
            assert!(stored::<Small>(wrong.as_bytes()).is_err(), "{wrong}");
        }
        for wrong in
            ["{\"With\":[4,{\"number\":5}]}", "{\"With\":{\"number\":4,\"of\":[5]}}", "{\"Around\":[3]}"]
        {
            assert!(serde_json::from_slice::<Kind>(wrong.as_bytes()).is_ok(), "{wrong}");
            assert!(stored::<Kind>(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}
