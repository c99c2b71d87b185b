package oncall_test

import (
	"testing"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
)

// BenchmarkRender renders 100 schedules of either kind for 35 days.
func BenchmarkRender(b *testing.B) {
	office := layer("OFFICE", date("2022-01-03T15:00"), week, "ann", "bob", "cy")
	office.Restrictions = []inventory.Restriction{daily("09:00:00", 8*time.Hour), onWeekday(6, "00:00:00", 48*time.Hour)}
	layers := layerBased(chicago, layer("DAILY", date("2022-01-03T15:00"), days, "dora", "eli", "fay"), office)

	event := dailyEvent(berlin, "ann", "bob", "cy")
	event.Start, event.End = local(berlin, "2022-01-03 09:00"), local(berlin, "2022-01-04 09:00")
	shifts := shiftBased(berlin, event, event)

	for _, s := range []inventory.Schedule{layers, shifts} {
		b.Run(s.Kind, func(b *testing.B) {
			for b.Loop() {
				for range 100 {
					if _, err := oncall.Render(s, date("2026-03-01"), date("2026-04-05")); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}
