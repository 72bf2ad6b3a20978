package io.modelassay;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.conditions.ArchPredicates.are;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apiguardian.api.API;
import org.assertj.core.api.AbstractAssert;
import org.assertj.core.api.AbstractSoftAssertions;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The house rules that bytecode can show. A rule that no class is subject to fails. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ArchitectureTest {
    private static final String ROOT = "io.modelassay";

    /** Every package, in the direction that data flows: each may use those before it, none behind it. */
    private static final List<String> ORDER = List.of(
            ROOT + ".failure",
            ROOT + ".checkpoint",
            ROOT + ".architecture",
            ROOT + ".quantization",
            ROOT + ".adapter",
            ROOT + ".compatibility",
            ROOT + ".inspection",
            ROOT + ".runtime",
            ROOT + ".evaluation",
            ROOT + ".values",
            ROOT + ".baseline",
            ROOT + ".conversion",
            ROOT + ".quantizer",
            ROOT + ".diagnosis",
            ROOT,
            ROOT + ".assertions",
            ROOT + ".report",
            ROOT + ".junit",
            ROOT + ".matrix.result",
            ROOT + ".matrix",
            ROOT + ".matrix.spark",
            ROOT + ".cli");

    /** Some hundred thousand objects, which go with the instance. */
    private final JavaClasses classes = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages(ROOT)
            .that(describe("not fixtures", type -> !type.getPackageName().startsWith(ROOT + ".fixtures")));

    private static final DescribedPredicate<JavaClass> PUBLIC = describe("public", ArchitectureTest::isPublic);

    private static boolean isPublic(JavaClass type) {
        return type.getModifiers().contains(JavaModifier.PUBLIC)
                && type.getEnclosingClass().map(ArchitectureTest::isPublic).orElse(true);
    }

    Set<String> packages() {
        return classes.stream().map(JavaClass::getPackageName).collect(Collectors.toCollection(TreeSet::new));
    }

    @Test
    void everyPackageHasItsPlace() {
        assertThat(packages()).hasSizeGreaterThanOrEqualTo(6).isSubsetOf(ORDER);
    }

    @ParameterizedTest
    @MethodSource("packages")
    void nothingPointsBack(String name) {
        String[] behind = ORDER.subList(ORDER.indexOf(name) + 1, ORDER.size()).toArray(String[]::new);
        if (behind.length > 0) {
            noClasses()
                    .that()
                    .resideInAPackage(name)
                    .should()
                    .dependOnClassesThat()
                    .resideInAnyPackage(behind)
                    .check(classes);
        }
    }

    @Test
    void packagesHaveNoCycles() {
        slices().assignedFrom(new SliceAssignment() {
                    @Override
                    public SliceIdentifier getIdentifierOf(JavaClass type) {
                        return type.getPackageName().startsWith(ROOT)
                                ? SliceIdentifier.of(type.getPackageName())
                                : SliceIdentifier.ignore();
                    }

                    @Override
                    public String getDescription() {
                        return "packages";
                    }
                })
                .should()
                .beFreeOfCycles()
                .check(classes);
    }

    @Test
    void theEngineIsKnownToTheRuntimeAlone() {
        onlyIn("ai.djl..", ROOT + ".runtime");
    }

    @Test
    void junitIsKnownToItsPackagesAlone() {
        onlyIn("org.junit..", ROOT + ".junit", ROOT + ".matrix");
    }

    @Test
    void assertJIsKnownToTheAssertionsAlone() {
        onlyIn("org.assertj..", ROOT + ".assertions");
    }

    @Test
    void mavenIsKnownToTheMatrixAlone() {
        onlyIn("org.eclipse.aether..", ROOT + ".matrix");
        onlyIn("org.apache.maven..", ROOT + ".matrix");
    }

    @Test
    void theLauncherIsKnownToTheMatrixAndToTheTagFilter() {
        onlyIn("org.junit.platform.launcher..", ROOT + ".matrix", ROOT + ".junit");
    }

    @Test
    void sparkIsKnownToItsRunnerAlone() {
        onlyIn("org.apache.spark..", ROOT + ".matrix.spark");
        onlyIn("scala..", ROOT + ".matrix.spark");
    }

    private void onlyIn(String library, String... packages) {
        DescribedPredicate<JavaClass> user = describe(
                "use " + library,
                type -> type.getDirectDependenciesFromSelf().stream()
                        .anyMatch(dependency -> resideInAPackage(library).test(dependency.getTargetClass())));
        classes().that(are(user)).should().resideInAnyPackage(packages).check(classes);
    }

    /** Classes of the report and of the comparison that lay out text, name files, or know foreign failures by their text alone. */
    private static final Set<String> TEXT_FOR_PEOPLE = Set.of(
            "Cause",
            "FailureKind",
            "FoldedMessage",
            "HeatMap",
            "JUnitDocument",
            "MarkdownDocument",
            "MatrixPage",
            "PageResource",
            "ProgressLine",
            "ReportCharts",
            "ReportFolder",
            "ReportPage",
            "RunId",
            "Summary");

    private static final Set<String> SEARCHES = Set.of(
            "contains",
            "endsWith",
            "indexOf",
            "lastIndexOf",
            "matches",
            "regionMatches",
            "replaceAll",
            "replaceFirst",
            "split",
            "startsWith",
            "substring");

    /** What judges, merges and compares figures reads data: no name and no sentence is searched. */
    @Test
    void noDecisionIsReadOutOfText() {
        DescribedPredicate<JavaClass> deciding = describe(
                "that decide", type -> !TEXT_FOR_PEOPLE.contains(outermost(type).getSimpleName()));
        noClasses()
                .that()
                .resideInAnyPackage(ROOT + ".report", ROOT + ".matrix.result")
                .and(deciding)
                .should()
                .dependOnClassesThat()
                .resideInAPackage("java.util.regex")
                .orShould()
                .callMethodWhere(describe(
                        "searches text",
                        call -> call.getTargetOwner().isEquivalentTo(String.class)
                                && SEARCHES.contains(call.getName())))
                .check(classes);
    }

    private static JavaClass outermost(JavaClass type) {
        return type.getEnclosingClass().map(ArchitectureTest::outermost).orElse(type);
    }

    @Test
    void theEnginesTypesAreInNoPublicSignature() {
        classes().that(are(PUBLIC)).should(nameNoTypeOf("ai.djl..")).check(classes);
    }

    /** What is public only for other packages of ours says so in its status, and may hand a library's types around. */
    @Test
    void noLibrarysTypeIsInASignatureForUsers() {
        classes()
                .that(are(PUBLIC))
                .and(are(describe("for users", type -> !isInternal(type))))
                .should(nameNoTypeOf(
                        "com.fasterxml..",
                        "picocli..",
                        "org.eclipse.aether..",
                        "org.apache.maven..",
                        "org.apache.spark..",
                        "scala..",
                        "org.junit.platform.launcher.."))
                .check(classes);
    }

    private static boolean isInternal(JavaClass type) {
        return type.getEnclosingClass()
                .map(ArchitectureTest::isInternal)
                .orElseGet(() -> type.tryGetAnnotationOfType(API.class)
                        .map(api -> api.status() == API.Status.INTERNAL)
                        .orElse(false));
    }

    @Test
    void everyPublicTypeHasAnApiStatus() {
        classes()
                .that(are(PUBLIC))
                .and()
                .areTopLevelClasses()
                .should()
                .beAnnotatedWith(API.class)
                .check(classes);
    }

    @Test
    void publicClassesAreFinalUnlessTheyAreAsserts() {
        // AssertJ's own are open too: teams extend them with entry points of their own.
        DescribedPredicate<JavaClass> asserts = describe(
                "asserts",
                type -> type.isAssignableTo(AbstractAssert.class)
                        || type.isAssignableTo(Assertions.class)
                        || type.isAssignableTo(AbstractSoftAssertions.class));
        classes()
                .that(are(PUBLIC))
                .and(are(describe("classes", type -> !type.isInterface() && !type.isEnum())))
                .and(DescribedPredicate.not(asserts))
                // Every other exception is a kind of it.
                .and()
                .doNotHaveFullyQualifiedName(ROOT + ".failure.ModelAssayException")
                .should()
                .haveModifier(JavaModifier.FINAL)
                .check(classes);
        classes()
                .that(are(PUBLIC))
                .and(asserts)
                .should()
                .notHaveModifier(JavaModifier.FINAL)
                .andShould()
                .resideInAPackage(ROOT + ".assertions")
                .check(classes);
    }

    @Test
    void aRuleWithoutSubjectsFails() {
        assertThatThrownBy(() -> noClasses()
                        .that()
                        .resideInAPackage(ROOT + ".no_such_package")
                        .should()
                        .bePublic()
                        .check(classes))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("failed to check any classes");
    }

    private static ArchCondition<JavaClass> nameNoTypeOf(String... libraries) {
        DescribedPredicate<JavaClass> foreign = resideInAnyPackage(libraries);
        return new ArchCondition<>("name no type of " + String.join(", ", libraries)) {
            @Override
            public void check(JavaClass type, ConditionEvents events) {
                Stream.concat(type.getSuperclass().stream(), type.getInterfaces().stream())
                        .flatMap(supertype -> supertype.getAllInvolvedRawTypes().stream())
                        .filter(foreign)
                        .forEach(found -> violated(type, type.getName() + " extends " + found.getName(), events));
                type.getCodeUnits().stream()
                        .filter(unit -> isApi(unit.getModifiers()))
                        .forEach(unit -> Stream.concat(
                                        unit.getAllInvolvedRawTypes().stream(), unit.getExceptionTypes().stream())
                                .filter(foreign)
                                .forEach(found ->
                                        violated(type, unit.getFullName() + " names " + found.getName(), events)));
                type.getFields().stream()
                        .filter(field -> isApi(field.getModifiers()))
                        .forEach(field -> field.getAllInvolvedRawTypes().stream()
                                .filter(foreign)
                                .forEach(found ->
                                        violated(type, field.getFullName() + " names " + found.getName(), events)));
            }
        };
    }

    private static boolean isApi(Set<JavaModifier> modifiers) {
        return modifiers.contains(JavaModifier.PUBLIC) || modifiers.contains(JavaModifier.PROTECTED);
    }

    private static void violated(JavaClass type, String message, ConditionEvents events) {
        events.add(SimpleConditionEvent.violated(type, message));
    }
}
