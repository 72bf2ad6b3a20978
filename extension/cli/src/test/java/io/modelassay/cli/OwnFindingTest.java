package io.modelassay.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.modelassay.fixtures.Corruptor;
import io.modelassay.fixtures.Fixtures;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A finding that the library does not know, told in {@link io.modelassay.own.HouseRule} and nowhere else. */
class OwnFindingTest {
    @TempDir
    Path folder;

    private CommandRun inspect(String owner) {
        Path model = Corruptor.of(Fixtures.path("tiny-llama"))
                .named(owner)
                .editConfig(config -> config.put("house_owner", owner))
                .into(folder);
        return CommandRun.of("inspect", model, "--json");
    }

    @Test
    void inspectTellsIt() {
        CommandRun wrong = inspect("nobody");
        assertThat(wrong.code()).isEqualTo(1);
        assertThat(wrong.json().at("/findings").findValuesAsText("id")).containsExactly("house-owner-without-address");
        assertThat(inspect("team@example.org").aboveInfo()).isEmpty();
    }
}
