package io.modelassay.baseline;

import io.modelassay.failure.InvalidRequestException;
import io.modelassay.failure.Printable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apiguardian.api.API;

/**
 * The baselines of one run: files {@code ID.json} in one folder beside the tests, and what the run does with them. Each is
 * written at most once in a run, and belongs to one model. Safe for use by several threads.
 */
@API(status = API.Status.EXPERIMENTAL)
public final class Baselines {
    /** What to do: see {@link BaselineMode}; {@code verify} unless set. */
    public static final String MODE_PROPERTY = "modelassay.baseline";

    /** The folder; {@link #DEFAULT_FOLDER} unless set. */
    public static final String FOLDER_PROPERTY = "modelassay.baseline.folder";

    /** {@code true} or {@code false}: whether this is a CI job, where nothing is written; by default as {@code CI} says. */
    public static final String CI_PROPERTY = "modelassay.ci";

    /** The folder unless {@link #FOLDER_PROPERTY} names another: {@value}, in the module's folder. */
    public static final String DEFAULT_FOLDER = "src/test/resources/modelassay-baselines";

    static final String SUFFIX = ".json";
    static final String UPDATE = "-D" + MODE_PROPERTY + "=update";

    private static final Pattern ID = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,127}");
    private static final String CI_VARIABLE = "CI";
    private static final Map<Settings, Baselines> OF_THIS_PROCESS = new ConcurrentHashMap<>();

    private record Settings(Path folder, BaselineMode mode, boolean ci) {
        static Settings of(Function<String, Optional<String>> configuration) {
            String ci = configuration
                    .apply(CI_PROPERTY)
                    .or(() -> Optional.ofNullable(System.getenv(CI_VARIABLE)))
                    .orElse("");
            return new Settings(
                    Path.of(configuration.apply(FOLDER_PROPERTY).orElse(DEFAULT_FOLDER)),
                    BaselineMode.of(configuration.apply(MODE_PROPERTY).orElse(BaselineMode.VERIFY.label())),
                    !ci.isEmpty() && !ci.equals("false"));
        }
    }

    /** A model, as a baseline sees it. */
    @API(status = API.Status.INTERNAL)
    public interface Subject {
        /** The model's name, for messages. */
        String owner();

        /** What tells this model from every other of the run, by value: names may be equal. */
        Object identity();

        /** What the model is now, under the conditions of {@code recorded} as far as the test leaves them open. */
        Baseline measure(Optional<Baseline> recorded);
    }

    /** The model that an id belongs to in this run, and whether its file was written in it. Guards its own state. */
    private static final class Claim {
        private final String owner;
        private final Object identity;
        private boolean written;

        Claim(Subject subject) {
            this.owner = subject.owner();
            this.identity = subject.identity();
        }
    }

    private final Settings settings;
    private final Consumer<String> log;
    private final Map<String, Claim> claims = new ConcurrentHashMap<>();

    private Baselines(Settings settings, Consumer<String> log) {
        this.settings = settings;
        this.log = line -> log.accept(Printable.line(line));
    }

    /**
     * The baselines that {@code configuration} asks for.
     *
     * @param configuration values of the properties above
     * @param log told of what is written
     * @throws IllegalArgumentException for a mode that there is not
     */
    public static Baselines of(Function<String, Optional<String>> configuration, Consumer<String> log) {
        return new Baselines(Settings.of(configuration), log);
    }

    /** The baselines that the system properties ask for; the same ones throughout the process. */
    public static Baselines standard() {
        Settings settings = Settings.of(name -> Optional.ofNullable(System.getProperty(name)));
        return OF_THIS_PROCESS.computeIfAbsent(settings, asked -> new Baselines(asked, System.out::println));
    }

    /** What the run does with baselines. */
    public BaselineMode mode() {
        return settings.mode;
    }

    /** Ids that a test has asked for. */
    public SortedSet<String> used() {
        return new TreeSet<>(claims.keySet());
    }

    /** Ids of the files in the folder. */
    public SortedSet<String> recorded() {
        if (!Files.isDirectory(settings.folder)) {
            return new TreeSet<>();
        }
        try (Stream<Path> files = Files.list(settings.folder)) {
            return files.map(file -> String.valueOf(file.getFileName()))
                    .filter(name -> name.endsWith(SUFFIX))
                    .map(name -> name.substring(0, name.length() - SUFFIX.length()))
                    .filter(name -> ID.matcher(name).matches())
                    .collect(Collectors.toCollection(TreeSet::new));
        } catch (IOException e) {
            throw new UncheckedIOException("The baselines in " + settings.folder + " cannot be listed", e);
        }
    }

    /**
     * Holds a model against the baseline {@code id}, or writes it, as the mode says.
     *
     * @return why the model does not match, if so
     * @throws IllegalArgumentException if {@code id} is no file's name
     * @throws BaselineException if the file cannot be read or written
     */
    @API(status = API.Status.INTERNAL)
    public Optional<Mismatch> hold(String id, Subject subject) {
        if (!ID.matcher(id).matches()) {
            throw new InvalidRequestException(
                    "\"" + id + "\" is no id of a baseline",
                    "1 to 128 letters, digits, dots, dashes and underscores, the first a letter or digit");
        }
        if (settings.ci && settings.mode != BaselineMode.VERIFY) {
            return Optional.of(Mismatch.of(
                    MODE_PROPERTY + " is " + settings.mode.label() + " in a CI job, where no baseline is written",
                    "the same on a machine of your own, and the file committed; " + CI_PROPERTY
                            + "=false where this is one"));
        }
        Claim claim = claims.computeIfAbsent(id, unused -> new Claim(subject));
        if (!claim.identity.equals(subject.identity())) {
            return Optional.of(Mismatch.of(
                    "in this run the id belongs to another model, " + claim.owner,
                    "an id for each model, such as \"" + id + "-{quantization}\""));
        }
        synchronized (claim) {
            return held(new BaselineFile(settings.folder, id), claim, subject);
        }
    }

    private Optional<Mismatch> held(BaselineFile file, Claim claim, Subject subject) {
        Optional<Baseline> recorded = file.read();
        if (recorded.isEmpty() && settings.mode == BaselineMode.VERIFY) {
            return Optional.of(Mismatch.of(
                    "there is none: no file " + file.path(),
                    "-D" + MODE_PROPERTY + "=" + BaselineMode.RECORD.label() + " once, and the file committed"));
        }
        Baseline now = subject.measure(recorded);
        if (recorded.isEmpty()) {
            Optional<Mismatch> unfit = unfit(now);
            if (unfit.isPresent()) {
                return unfit;
            }
            if (file.create(now)) {
                claim.written = true;
                log.accept("ModelAssay: recorded the baseline " + file.path());
                return Optional.empty();
            }
            recorded = file.read();
        }
        Difference difference = Difference.between(recorded.orElseThrow(), now);
        if (difference.isEmpty()) {
            return Optional.empty();
        }
        if (settings.mode != BaselineMode.UPDATE || claim.written) {
            return Optional.of(difference.mismatch());
        }
        Optional<Mismatch> unfit = unfit(now);
        if (unfit.isEmpty()) {
            file.replace(now.withTolerancesOf(recorded.get()));
            claim.written = true;
            log.accept("ModelAssay: updated the baseline " + file.path());
            difference.lines().forEach(line -> log.accept("  " + line));
        }
        return unfit;
    }

    /** What is not finite is nothing to approve of. */
    private static Optional<Mismatch> unfit(Baseline now) {
        List<String> broken = now.figures().entrySet().stream()
                .filter(figure -> !Double.isFinite(figure.getValue()))
                .map(figure -> figure.getKey() + ": " + figure.getValue())
                .toList();
        return broken.isEmpty()
                ? Optional.empty()
                : Optional.of(new Mismatch(
                        broken.size(),
                        "it has figures that are not finite, so none is recorded:",
                        broken,
                        List.of(),
                        "hasOnlyFiniteWeights(), then hasFiniteActivationsOn(text)"));
    }
}
