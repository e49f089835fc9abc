//! Tests of catalogues.

use super::*;

fn product(sku: &str) -> Product {
    Product::new(Sku::parse(sku).unwrap(), sku)
}

#[test]
fn p11_all_faults_are_reported_at_once_in_the_order_given() {
    let mut crossed = product("B");
    crossed.unit_price_min = Some(UnitPrice::from_micros(2));
    crossed.unit_price_max = Some(UnitPrice::from_micros(1));
    crossed.categories = vec!["x".into(), "".into()];
    let mut reserved = product("A");
    reserved.attributes = vec![Attribute { name: "sku".into(), value: "1".into() }];
    reserved.price = Some(UnitPrice::from_micros(2));
    reserved.unit_price_max = Some(UnitPrice::from_micros(1));
    let error = Catalogue::new(1, vec![crossed, reserved, product("A")]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the catalogue has 5 faults\n\
         product 1 (`B`): its minimum price is above its maximum price\n\
         product 1 (`B`): its category path has an empty step\n\
         product 2 (`A`): its price is above its maximum price\n\
         product 2 (`A`): an attribute is called `sku` or `category`; these names are taken by the number and the path\n\
         product 3 (`A`): its number stands in the catalogue already"
    );
}

#[test]
fn every_depth_of_the_path_is_a_property() {
    let mut penne = product("P");
    penne.categories = vec!["food".into(), "pasta".into(), "penne".into()];
    let catalogue = Catalogue::new(7, vec![penne, product("Q")]).unwrap();
    for path in ["food", "food/pasta", "food/pasta/penne"] {
        assert_eq!(catalogue.count_with(AttributeKey::of(CATEGORY, path)), 1, "{path}");
    }
    assert_eq!(catalogue.count_with(AttributeKey::of(CATEGORY, "pasta")), 0);
    assert_eq!((catalogue.number(), catalogue.len()), (7, 2));
    assert_eq!(catalogue.product(&Sku::parse("Q").unwrap()), Some(&product("Q")));
    assert_eq!(catalogue.product(&Sku::parse("R").unwrap()), None);
}

#[test]
fn p7_the_hash_is_of_the_content_and_not_of_its_order() {
    let one = Catalogue::new(1, vec![product("A"), product("B")]).unwrap();
    let two = Catalogue::new(1, vec![product("B"), product("A")]).unwrap();
    assert_eq!(one.hash(), two.hash());
    assert_ne!(one.hash(), Catalogue::new(1, vec![product("A")]).unwrap().hash());
    assert_ne!(one.hash(), Catalogue::empty(1).hash());
}
