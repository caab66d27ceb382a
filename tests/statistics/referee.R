# Computes with R what tests/statistics/test_against_r.py computes with Osteon, on the same data.
# Usage: Rscript referee.R FOLDER; reads rows<k>.csv, prints "<k>.<name> <number>" line by line.
suppressPackageStartupMessages({library(pROC); library(survival)})
folder <- commandArgs(TRUE)[1]
say <- function(k, name, values) {
  values <- as.numeric(values)
  names <- if (length(values) == 1) name else paste0(name, ".", seq_along(values) - 1)
  cat(sprintf("%s.%s %.17g\n", k, names, values), sep = "")
}
for (path in sort(list.files(folder, pattern = "^rows.*csv$", full.names = TRUE))) {
  k <- sub("rows(.*)[.]csv", "\\1", basename(path))
  d <- read.csv(path)

  a <- roc(d$truth, d$a, quiet = TRUE, direction = "<")
  b <- roc(d$truth, d$b, quiet = TRUE, direction = "<")
  say(k, "auc", auc(a))
  say(k, "delong", ci.auc(a, method = "delong")[c(1, 3)])
  test <- roc.test(a, b, method = "delong", paired = TRUE)
  say(k, "paired", c(test$statistic, test$p.value))
  say(k, "partial", auc(a, partial.auc = c(1, 0.8), partial.auc.focus = "specificity"))
  say(k, "mcclish", auc(a, partial.auc = c(1, 0.8), partial.auc.correct = TRUE))

  follow <- Surv(d$time, d$status)
  for (scale in c("plain", "log", "log-log")) {
    km <- summary(survfit(follow ~ 1, conf.type = scale), times = 5)
    say(k, paste0("km.", scale), c(km$surv, km$lower, km$upper))
  }
  median <- quantile(survfit(follow ~ 1, conf.type = "log-log"), 0.5)
  say(k, "median", c(median$quantile))
  for (ties in c("efron", "breslow")) {
    fit <- coxph(follow ~ x + z, data = d, ties = ties)
    say(k, paste0("cox.", ties), c(coef(fit), sqrt(diag(vcov(fit))), fit$loglik))
  }
  robust <- coxph(follow ~ x + z, data = d, cluster = patient)
  say(k, "cox.robust", sqrt(diag(vcov(robust))))
  for (rho in 0:1) say(k, paste0("logrank.", rho), survdiff(follow ~ group, data = d, rho = rho)$chisq)
  harrell <- concordance(follow ~ x, data = d, reverse = TRUE)
  say(k, "harrell", c(harrell$concordance, sqrt(harrell$var)))
  uno <- concordance(follow ~ x, data = d, reverse = TRUE, timewt = "n/G2", ymax = 6)
  say(k, "uno", uno$concordance)

  # counting-process form: 0 is from the start, also for what happens at time 0
  late <- Surv(ifelse(d$entry > 0, d$entry, -1), d$time, d$status)
  for (horizon in c(1, 2, 4)) {
    km <- summary(survfit(late ~ 1, conf.type = "log-log"), times = horizon)
    say(k, paste0("late.km.", horizon), c(km$surv, km$lower, km$upper))
    say(k, paste0("late.hazard.", horizon),
        summary(survfit(late ~ 1, stype = 2, ctype = 1), times = horizon)$cumhaz)
    states <- Surv(ifelse(d$entry > 0, d$entry, -1), d$time,
                   factor(d$cause, 0:2, c("censored", "own", "other")))
    own <- summary(survfit(states ~ 1, id = seq_along(d$time)), times = horizon)
    say(k, paste0("late.incidence.", horizon), own$pstate[, 2])
  }
  for (ties in c("efron", "breslow")) {
    fit <- coxph(late ~ x + z, data = d, ties = ties)
    say(k, paste0("late.cox.", ties), c(coef(fit), sqrt(diag(vcov(fit))), fit$loglik))
  }
  robust <- coxph(late ~ x + z, data = d, cluster = patient)
  say(k, "late.cox.robust", sqrt(diag(vcov(robust))))
  fit <- coxph(late ~ x, data = d, ties = "breslow")
  hazard <- basehaz(fit, centered = FALSE)
  say(k, "late.baseline", tail(hazard$hazard[hazard$time <= 4], 1))
  # survdiff refuses late entry; without ties Cox's score test is the log-rank test
  apart <- Surv(ifelse(d$entry > 0, d$entry, -1), d$untied, d$status)
  say(k, "late.logrank", coxph(apart ~ z, data = d)$score)
  for (strata in c("late.harrell", "late.harrell.strata", "harrell.strata")) {
    model <- if (strata == "late.harrell") late ~ x
      else if (strata == "late.harrell.strata") late ~ x + strata(group)
      else follow ~ x + strata(group)
    found <- concordance(model, data = d, reverse = TRUE)
    say(k, strata, c(found$concordance, sqrt(found$var)))
  }

  called_a <- as.integer(d$a > 1)
  called_b <- as.integer(d$b > 1)
  say(k, "fisher", fisher.test(table(d$truth, called_a))$p.value)
  right <- table(called_a == d$truth, called_b == d$truth)
  say(k, "mcnemar", mcnemar.test(right, correct = FALSE)$p.value)
  say(k, "mcnemar.corrected", mcnemar.test(right, correct = TRUE)$p.value)
  groups <- table(d$group, called_a)
  say(k, "chisq", suppressWarnings(chisq.test(groups, correct = FALSE))$p.value)
  say(k, "yates", suppressWarnings(chisq.test(table(d$truth, called_b)))$p.value)
  say(k, "binom", binom.test(sum(called_a), nrow(d))$conf.int)
  say(k, "wilson", prop.test(sum(called_a), nrow(d), correct = FALSE)$conf.int)
  for (way in c("holm", "hochberg", "BH", "bonferroni")) say(k, way, p.adjust(d$p[1:12], way))
  kruskal <- kruskal.test(d$a, d$group)
  say(k, "kruskal", c(kruskal$statistic, kruskal$p.value))
}
