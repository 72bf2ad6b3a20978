package io.modelassay;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import io.modelassay.checkpoint.Finding.Severity;
import io.modelassay.checkpoint.FindingCatalog;
import io.modelassay.checkpoint.FindingKind;
import io.modelassay.failure.Audience;
import io.modelassay.failure.ProblemId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The ids of findings and problems: what the code says, what is registered and what the reference tells are the same. */
class ReferenceTest {
    private static final Path ROOT = root();

    private static final Pattern ID = Pattern.compile("(?<!equals\\()\"([a-z0-9]+(?:-[a-z0-9]+)+|padded)\"");

    private static Path root() {
        Path folder = Path.of("").toAbsolutePath();
        while (!Files.exists(folder.resolve("docs/reference.md"))) {
            folder = folder.getParent();
        }
        return folder;
    }

    @Test
    void theReferenceTellsEveryFinding() throws IOException {
        List<String> rows = FindingCatalog.kinds().stream()
                .map(kind -> row("`" + kind.id() + "`", severities(kind), kind.by(), kind.meaning(), kind.cure()))
                .toList();
        assertThat(rows).hasSizeGreaterThan(150).doesNotHaveDuplicates();
        assertThat(table("### Findings")).containsExactlyInAnyOrderElementsOf(rows);
    }

    @Test
    void theReferenceTellsEveryProblem() throws IOException {
        List<String> rows = problems().stream()
                .map(problem -> row(
                        "`" + problem.id() + "`",
                        problem.audience() == Audience.USER ? "2" : "3",
                        problem.audience().label(),
                        problem.explanation().meaning(),
                        problem.explanation().cure()))
                .toList();
        assertThat(rows).hasSizeGreaterThan(100).doesNotHaveDuplicates();
        assertThat(table("### Errors")).containsExactlyInAnyOrderElementsOf(rows);
    }

    @Test
    void everyExplanationIsWhole() {
        Stream<String> findings =
                FindingCatalog.kinds().stream().flatMap(kind -> Stream.of(kind.meaning(), kind.cure(), kind.by()));
        Stream<String> problems = problems().stream()
                .flatMap(problem -> Stream.of(
                        problem.explanation().meaning(), problem.explanation().cure()));
        assertThat(Stream.concat(findings, problems))
                .allSatisfy(text -> assertThat(text).isNotBlank().doesNotContain("…", "\n", "|"));
    }

    @Test
    void everyFindingOfTheSourcesIsRegistered() throws IOException {
        Set<String> registered =
                FindingCatalog.kinds().stream().map(FindingKind::id).collect(Collectors.toSet());
        Map<String, String> told = findingsOfTheSources();
        assertThat(told).hasSizeGreaterThan(100);
        told.keySet().removeAll(registered);
        assertThat(told).as("findings that no findings.json describes").isEmpty();
    }

    @Test
    void everyRegisteredFindingIsInTheSources() throws IOException {
        String sources = sources().values().stream().collect(Collectors.joining());
        Set<String> problems = problems().stream().map(ProblemId::id).collect(Collectors.toSet());
        assertThat(FindingCatalog.kinds())
                .extracting(FindingKind::id)
                .allSatisfy(id -> assertThat(problems.contains(id) || sources.contains("\"" + id + "\""))
                        .as(id)
                        .isTrue());
    }

    /** "Try:" is added where problems become text, and by no message itself. */
    @Test
    void nextStepsAreIntroducedInOnePlace() throws IOException {
        Pattern literal = Pattern.compile("\"[^\"\n]*Try: ");
        assertThat(sources().entrySet().stream()
                        .filter(source -> literal.matcher(source.getValue()).find())
                        .map(source -> String.valueOf(source.getKey().getFileName())))
                .containsExactly("Problem.java");
    }

    private static List<ProblemId> problems() {
        return new ClassFileImporter()
                .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS).importPackages("io.modelassay").stream()
                        .filter(type -> type.isEnum() && type.isAssignableTo(ProblemId.class))
                        .sorted(Comparator.comparing(JavaClass::getName))
                        .flatMap(type -> Arrays.stream(type.reflect().getEnumConstants()))
                        .map(ProblemId.class::cast)
                        .toList();
    }

    private static String severities(FindingKind kind) {
        return kind.severities().stream().map(Severity::label).collect(Collectors.joining(" or "));
    }

    private static String row(String... cells) {
        return "| " + String.join(" | ", cells) + " |";
    }

    /** The rows of the first table below {@code heading}, without its two lines of head. */
    private static List<String> table(String heading) throws IOException {
        List<String> lines = Files.readAllLines(ROOT.resolve("docs/reference.md"));
        return lines.stream()
                .skip(lines.indexOf(heading))
                .dropWhile(line -> !line.startsWith("|"))
                .takeWhile(line -> line.startsWith("|"))
                .skip(2)
                .toList();
    }

    private static Map<Path, String> sources() throws IOException {
        Map<Path, String> sources = new TreeMap<>();
        try (Stream<Path> modules = Files.list(ROOT.resolve("extension"))) {
            for (Path module : modules.toList()) {
                Path main = module.resolve("src/main/java");
                if (Files.isDirectory(main)) {
                    try (Stream<Path> files = Files.walk(main)) {
                        for (Path file : files.filter(path -> path.toString().endsWith(".java"))
                                .toList()) {
                            sources.put(file, Files.readString(file));
                        }
                    }
                }
            }
        }
        return sources;
    }

    /** Ids where the code hands them to a finding, or to what takes an id first and evidence or a cure behind it. */
    private static Map<String, String> findingsOfTheSources() throws IOException {
        Map<Path, Map<Path, String>> packages = new TreeMap<>();
        sources()
                .forEach((file, text) -> packages.computeIfAbsent(file.getParent(), name -> new TreeMap<>())
                        .put(file, text));
        Map<String, String> ids = new TreeMap<>();
        for (Map<Path, String> files : packages.values()) {
            Set<String> takers = new TreeSet<>(List.of("Finding"));
            files.values().stream()
                    .filter(text -> text.contains("Finding") || text.contains("record "))
                    .flatMap(text -> Pattern.compile(
                                    "(\\w+)\\(\\s*String id,[^)]*\\b(?:nextStep|cure|evidence|key|these)\\b")
                            .matcher(text)
                            .results())
                    .forEach(match -> takers.add(match.group(1)));
            Pattern first = Pattern.compile("\\b(?:" + String.join("|", takers) + ")\\(\\s*");
            Pattern second = Pattern.compile("\\bFinding\\.about\\(\\s*[^,;]+,\\s*");
            files.forEach((file, text) -> Stream.of(first, second)
                    .flatMap(call -> call.matcher(text).results())
                    .flatMap(call -> literals(argument(text, call.end())).stream())
                    .forEach(id -> ids.put(id, String.valueOf(file.getFileName()))));
        }
        return ids;
    }

    private static List<String> literals(String expression) {
        List<String> found = new ArrayList<>();
        Matcher ids = ID.matcher(expression);
        while (ids.find()) {
            found.add(ids.group(1));
        }
        return found;
    }

    /** The argument of a call that starts at {@code from}. */
    private static String argument(String text, int from) {
        int depth = 0;
        boolean quoted = false;
        for (int i = from; i < text.length(); i++) {
            char c = text.charAt(i);
            if (quoted) {
                i += c == '\\' ? 1 : 0;
                quoted = c != '"';
            } else if (c == '"') {
                quoted = true;
            } else if (c == '(' || c == '{') {
                depth++;
            } else if (c == ')' || c == '}' || (c == ',' && depth == 0)) {
                if (depth == 0) {
                    return text.substring(from, i);
                }
                depth--;
            }
        }
        return "";
    }
}
