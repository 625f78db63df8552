package usage

import "context"

// FlushUnheard adds what was gathered and does not hear that it worked, as when
// the connection is lost after the commit and before its answer.
func (m *Meter) FlushUnheard(ctx context.Context) error {
	m.flushing.Lock()
	defer m.flushing.Unlock()
	m.take()
	for org, b := range m.sent {
		if err := add(ctx, m.db, org, b); err != nil {
			return err
		}
	}
	return nil
}
