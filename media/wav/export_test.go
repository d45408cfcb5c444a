package wav

// Skip makes the writer believe that n bytes more have been written.
func (w *Writer) Skip(n uint64) { w.data += n }
