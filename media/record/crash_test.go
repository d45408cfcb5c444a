package record_test

const childRoot = "RMS_RECORD_CHILD"

func child() {}
