package httpapi

import "rms/media/record"

// The families of recordings.
var (
	recordsNow     = metric("recordings", "Recordings that are being made or closed.")
	recordsTotal   = metric("recordings_total", "Recordings that began.")
	recordsFailed  = metric("recordings_failed_total", "Recordings that ended with an error.")
	recordsRefused = metric("recordings_refused_total", "Recordings that were not begun for want of room on the disk.")
	recordGaps     = metric("recording_gaps_total", "Stretches that recordings lack because the disk was too slow.")
	recordWaiting  = metric("recording_waiting_bytes", "Audio that waits for the disk.")
	recordWritten  = metric("recording_written_bytes_total", "Audio that was written.")
	recordSyncs    = metric("recording_syncs_total", "Group syncs of the disk.")
	recordSync     = metric("recording_sync_seconds", "How long the last group sync took.")
	recordFree     = metric("recording_free_bytes", "Room on the disk of recordings, as of the last look.")
)

// records tells of the store of recordings; without one it is silent.
func records(s sink, st *record.Stats) {
	if *st == (record.Stats{}) {
		return
	}
	s.gauge(recordsNow, float64(st.Live))
	s.counter(recordsTotal, float64(st.Started))
	s.counter(recordsFailed, float64(st.Failed))
	s.counter(recordsRefused, float64(st.Refused))
	s.counter(recordGaps, float64(st.Gaps))
	s.gauge(recordWaiting, float64(st.Waiting))
	s.counter(recordWritten, float64(st.Written))
	s.counter(recordSyncs, float64(st.Syncs))
	s.gauge(recordSync, st.SyncTime.Seconds())
	s.gauge(recordFree, float64(st.Free))
}
