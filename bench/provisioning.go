package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
)

// provisioning sets 100 organizations up, ten at a time, and counts the time
// from the request to the answer that it is ready.
func (b *bench) provisioning(ctx context.Context) error {
	const all, together = 100, 10
	var mu sync.Mutex
	var took []time.Duration
	var failed error
	var wg sync.WaitGroup
	for range together {
		wg.Go(func() {
			for range all / together {
				began := time.Now()
				_, err := b.ProvisionOnly(ctx, "bench-"+uuid.NewString(), "Measured school", "enterprise")
				mu.Lock()
				took = append(took, time.Since(began))
				if err != nil {
					failed = err
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if failed != nil {
		return fmt.Errorf("provision: %w", failed)
	}
	p95 := quantile(took, .95) / 1000
	b.add("provisioning", p95, "s p95", "< 2", p95 < 2, "%d organizations, %d at a time; p50 %.3f s", all, together, quantile(took, .5)/1000)
	return nil
}
