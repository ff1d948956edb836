//! Every case against the bootstrap as it ships, behind a Runtime API, on DynamoDB Local.

host_conformance::host_conformance!(host_conformance::lambda::dynamodb());
