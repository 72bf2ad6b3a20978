package io.modelassay.adapter;

import static org.assertj.core.api.Assertions.assertThat;

import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.ModelConfig;
import io.modelassay.fixtures.Fixtures;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Adapters that PEFT trained and saved: it finds a place for every key, and so does the report. */
class AdapterFixturesTest {
    static List<String> adapters() {
        return PeftAdapter.inFolder(Fixtures.path("adapters")).stream()
                .map(folder -> folder.getFileName().toString())
                .toList();
    }

    @ParameterizedTest
    @MethodSource("adapters")
    void everyKeyHasAPlace(String name) {
        Path folder = Fixtures.path("adapters/" + name);
        String base = ModelConfig.read(folder.resolve("adapter.json")).string("base");
        try (PeftAdapter adapter = PeftAdapter.open(folder);
                Checkpoint model = Checkpoint.open(Fixtures.path(base))) {
            AdapterReport report = AdapterReport.of(adapter, model);
            assertThat(report.missing()).as("missing").isEmpty();
            assertThat(report.unexpected()).as("unexpected").isEmpty();
            assertThat(report.mismatched()).as("mismatched").isEmpty();
            assertThat(report.overwriting()).as("overwriting").isEmpty();
            assertThat(report.incomplete()).as("incomplete").isEmpty();
            assertThat(report.idleTargets()).as("idle").isEmpty();
            assertThat(report.matched()).hasSize(report.stored());
            assertThat(report.effective()).isNotEmpty();
            assertThat(report.hasZeroEffect()).isFalse();
            assertThat(report.isFullModel()).isFalse();
            assertThat(TrainingState.of(adapter).untouched()).isEmpty();
        }
    }
}
