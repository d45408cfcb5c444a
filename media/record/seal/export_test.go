package seal

// TrueSizes corrects a header.
var TrueSizes = trueSizes
