

def test_a_number_does_not_follow_the_number_its_head_ends_in() -> None:
    said = statement([("Fuse", "F1"), ("Rating HVB-4 (A)", "800"), ("Rating HVB-6 (A)", "800")])
    assert said == "Fuse F1: Rating HVB-4: 800 A; Rating HVB-6: 800 A"
