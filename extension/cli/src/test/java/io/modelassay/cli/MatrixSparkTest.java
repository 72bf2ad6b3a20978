package io.modelassay.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code matrix --spark} where there is no Spark, as on this class path. */
class MatrixSparkTest {
    @TempDir
    private Path folder;

    private Path report;

    @BeforeEach
    void makeModule() throws Exception {
        Files.createDirectories(folder.resolve("suite/target/test-classes"));
        Files.writeString(
                folder.resolve("suite/pom.xml"),
                "<project><modelVersion>4.0.0</modelVersion><groupId>g</groupId><artifactId>suite</artifactId>"
                        + "<version>1</version></project>");
        report = folder.resolve("report");
    }

    private CommandRun run(String... verbs) {
        return CommandRun.of(Stream.of(
                        Stream.of(verbs),
                        Stream.of("--suite", folder.resolve("suite"), "--stack", "name=own", "--report", report))
                .flatMap(arguments -> arguments)
                .toArray());
    }

    @Test
    void missingSparkIsAnErrorThatNamesWhatToDo() {
        for (List<String> verbs : List.of(List.of("matrix"), List.of("matrix", "run"))) {
            CommandRun run = run(Stream.concat(verbs.stream(), Stream.of("--spark", "spark://127.0.0.1:1", "--json"))
                    .toArray(String[]::new));
            assertThat(run.code()).as(run.err()).isEqualTo(Main.UNREADABLE);
            assertThat(run.json().at("/error/id").asText()).isEqualTo("matrix-missing-spark");
            assertThat(run.json().at("/error/message").asText())
                    .isEqualTo("A matrix on spark://127.0.0.1:1 needs the jars of Apache Spark on the class path;"
                            + " there is no org.apache.spark.SparkContext");
            assertThat(run.json().at("/error/next_step").asText())
                    .isEqualTo("spark-submit --class io.modelassay.cli.Main modelassay.jar matrix …, or"
                            + " java -cp \"$SPARK_HOME/jars/*:modelassay.jar\" io.modelassay.cli.Main matrix …");
            assertThat(report).doesNotExist();
        }
    }

    @Test
    void aPlanRunsNowhere() {
        CommandRun run = run("matrix", "plan", "--spark", "spark://127.0.0.1:1");
        assertThat(run.code()).isEqualTo(Main.USAGE);
        assertThat(run.err()).contains("Unknown option", "--spark");
    }

    @Test
    void aMasterMustBeNamed() {
        CommandRun run = run("matrix", "run", "--spark");
        assertThat(run.code()).isEqualTo(Main.USAGE);
        assertThat(run.err()).contains("--spark");
    }
}
